import type { Pointer } from '@pathcast/models/artifacts';
import type { ModelSpec } from '@pathcast/models/spec';

/** A version as the exports wrote it, and what plain tfjs says of it. Serialisable: made in Node, used in workerd. */
export interface Fixture {
  readonly name: string;
  readonly version: string;
  readonly spec: ModelSpec;
  readonly pointer: Pointer;
  /** Every file of the version, its manifest included. */
  readonly files: readonly { readonly path: string; readonly base64: string }[];
  readonly oracle: readonly OracleCase[];
}

/** An input, and for each answered step the tokens of the 20 largest probabilities of the exported layers model. */
export interface OracleCase {
  readonly input: readonly string[];
  readonly steps: readonly { readonly token: string; readonly probability: number }[][];
}

declare module 'vitest' {
  interface ProvidedContext {
    /** One small model for each task, cell and table, where labels are the characters that follow; and `label-own`. */
    readonly models: Fixture[];
    /** Two versions of one page model, the older one first. */
    readonly versions: Fixture[];
  }
}

import type { Candidates } from '@pathcast/models/predictor/candidates';
import { supportBin } from '@pathcast/models/predictor/mixture';
import type { ModelSpec } from '@pathcast/models/spec';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import type { ModelWeights } from '@pathcast/models/weights';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import { scoreSteps } from '../evaluate/scored-steps.ts';

/** What every part gave to the page that came next, at n steps. */
export interface Observations<Name extends string> {
  /** uint32 [n]: which session each step is of. */
  readonly sessions: Uint32Array;
  /** uint8 [n]: the support bin of the current page. */
  readonly bins: Uint8Array;
  /** float32 [n], above 0. */
  readonly recurrent: Float32Array;
  /** float32 [n] a part; NaN where it was silent. */
  readonly parts: Readonly<Record<Name, Float32Array>>;
}

/** The least probability that counts: a softmax in float32 can give none. */
const LEAST = 1e-20;

/**
 * Notes what the recurrent model and other parts gave to every target of some sessions, in one pass.
 * @param options.counts uint32 [V − 2]: how often training saw each token.
 */
export async function observe<Name extends string>(
  model: { spec: ModelSpec; weights: ModelWeights },
  sessions: TokenSessions,
  options: {
    temperature: number;
    counts: Uint32Array;
    parts: Readonly<Record<Name, (history: Int32Array) => Candidates>>;
  },
): Promise<Observations<Name>> {
  const { temperature, counts } = options;
  const parts = Object.entries<(history: Int32Array) => Candidates>(options.parts);
  const sessionOf: number[] = [];
  const bins: number[] = [];
  const recurrent: number[] = [];
  const columns = parts.map((): number[] => []);
  for await (const { session, history, target, probabilities } of scoreSteps(model, sessions, {
    temperature,
  })) {
    sessionOf.push(session);
    bins.push(supportBin(counts[(history.at(-1) ?? 0) - FIRST_TOKEN_ID] ?? 0));
    recurrent.push(Math.max(LEAST, probabilities[target] ?? 0));
    for (const [i, [, candidatesOf]] of parts.entries()) {
      columns[i]?.push(probabilityOf(candidatesOf(history), target));
    }
  }
  const named = parts.map(([name], i) => [name, Float32Array.from(columns[i] ?? [])]);
  return {
    sessions: Uint32Array.from(sessionOf),
    bins: Uint8Array.from(bins),
    recurrent: Float32Array.from(recurrent),
    parts: Object.fromEntries(named) as Record<Name, Float32Array>, // the names of `options.parts`
  };
}

/** NaN where the part is silent. */
function probabilityOf({ ids, probabilities }: Candidates, target: number): number {
  return ids.length === 0 ? Number.NaN : (probabilities[ids.indexOf(target)] ?? 0);
}

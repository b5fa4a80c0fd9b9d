import type * as tf from '@tensorflow/tfjs-core';
import type { Rates } from './adagrad.ts';
import type { Batch } from './batches.ts';
import type { Candidates } from './candidates.ts';

/** What a step differentiates by, in this order; gradients come in the same. */
export interface Leaves<Value> {
  /** [T·B, row width], by each input. */
  readonly inputs: Value;
  /** [C, H], by each candidate's row as the table holds it. */
  readonly rows: Value;
  /** [C], corrected by logQ. */
  readonly bias: Value;
  /** In the order of `listCells`. */
  readonly cells: readonly Value[];
}

/** One step, differentiated. */
export interface Differentiated {
  readonly batch: Batch;
  readonly candidates: Candidates;
  /** Mean cross-entropy of the scored steps, in nats. */
  readonly loss: tf.Scalar;
  readonly gradients: Leaves<tf.Tensor>;
}

/** A step's loss, which is read when it is asked for; reading waits for all that was asked of a device before. */
export type PendingLoss = () => Promise<number>;

/** Where a fit's weights and their optimiser are while it goes on. */
export interface Tables {
  /** Puts on the backend what a step differentiates by; the caller disposes it. */
  leaves(batch: Batch, candidates: Candidates): Leaves<tf.Tensor>;
  /** Updates what the step touched, except when its loss is not finite: then nothing changes. Disposes of the step's tensors. */
  update(step: Differentiated, rates: Rates): Promise<PendingLoss>;
  /** Brings the state on the host up to date. */
  settle(): Promise<void>;
  /** Frees what lies on the backend; the state on the host stays as it was settled. */
  close(): void;
}

/** Leaves as a list, in their order. */
export function listLeaves<Value>({ inputs, rows, bias, cells }: Leaves<Value>): Value[] {
  return [inputs, rows, bias, ...cells];
}

/** A list as leaves. @throws Error when it is too short. */
export function asLeaves<Value>([inputs, rows, bias, ...cells]: readonly Value[]): Leaves<Value> {
  if (inputs === undefined || rows === undefined || bias === undefined)
    throw new Error('a gradient is missing');
  return { inputs, rows, bias, cells };
}

import { NORM_EPSILON, NORMALISED_SCALE } from '../spec.ts';

/** What a recurrent model gives every token after some ids. Its arrays are reused by the next scores of the same scorer. */
export interface Scores {
  /** float32 [V]. */
  readonly logits: Float32Array;
  /** Ids of the k largest logits from 2 on, best first; of equal ones the smaller id first. */
  top(k: number): number[];
  /** The logarithm of the sum of e^(logit / temperature) over all V logits. */
  logSumExp(temperature: number): number;
}

/** Runs a pack's cells over token ids, and scores every token: in plain TypeScript, or by the kernel. */
export interface Scorer {
  /**
   * Scores after the last of some ids, at least one.
   * @param temperature at which `logSumExp` will be asked for, where that is known: 1 by default.
   */
  last(ids: readonly number[], temperature?: number): Scores;
  /**
   * As `last` for each of some lists of ids, in order: several may take one pass over the table.
   * @returns scores that hold until the next are taken.
   */
  lastOfEach(batch: readonly (readonly number[])[], temperature?: number): Iterable<Scores>;
  /** Scores after each id. */
  each(ids: readonly number[]): Iterable<Scores>;
}

/** The probability of an id, 0 to 1. @param sum `logSumExp` at the same temperature. */
export function probabilityOf({ logits }: Scores, id: number, temperature: number, sum: number): number {
  return Math.exp((logits[id] ?? Number.NEGATIVE_INFINITY) / temperature - sum);
}

/** Layer normalisation with gamma = s/√H and beta = 0, of a state float32 [H]. */
export function normalise(state: Float32Array): Float32Array {
  const H = state.length;
  const mean = state.reduce((sum, value) => sum + value, 0) / H;
  const variance = state.reduce((sum, value) => sum + (value - mean) ** 2, 0) / H;
  const factor = NORMALISED_SCALE / Math.sqrt(H) / Math.sqrt(variance + NORM_EPSILON);
  return state.map((value) => (value - mean) * factor);
}

const MOST_INT8 = 127;
/** 14 bits: two digits of seven, as the kernel multiplies them. */
const MOST = 8191;
const MOST_INT32 = 2 ** 31 - 1;

/**
 * Rounds a vector to whole numbers of 14 bits, or so coarsely that no sum of its products with an int8 row leaves 32 bits.
 * @param out int16, at least as long as the vector; the rest is left alone.
 * @returns the scale: vector ≈ out × scale.
 */
export function quantiseVector(vector: Float32Array, out: Int16Array): number {
  const most = Math.min(MOST, Math.floor(MOST_INT32 / (MOST_INT8 * vector.length)));
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  const inverse = largest === 0 ? 0 : most / largest;
  for (let i = 0; i < vector.length; i++) out[i] = Math.round((vector[i] ?? 0) * inverse);
  return Math.fround(largest / most);
}

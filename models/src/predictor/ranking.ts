/** An id and its probability, 0 to 1. */
export interface Ranked {
  readonly id: number;
  readonly probability: number;
}

/**
 * The k likeliest ids of a softmax over all logits, best first; equal logits rank the smaller id, the more visited
 * token, first.
 * @param logits float32 [V].
 */
export function topOfSoftmax(logits: Float32Array, k: number): Ranked[] {
  const top = largest(logits, k);
  const max = logits[top[0] ?? 0] ?? 0;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] ?? 0) - max);
  return top.map((id) => ({ id, probability: Math.exp((logits[id] ?? 0) - max) / sum }));
}

/** Indices of the k largest values, falling; ties keep the smaller index first. */
export function largest(values: ArrayLike<number>, k: number): number[] {
  const best: number[] = [];
  let bar = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NEGATIVE_INFINITY;
    if (best.length === k && value <= bar) continue;
    let at = best.length;
    while (at > 0 && (values[best[at - 1] ?? 0] ?? 0) < value) at--;
    best.splice(at, 0, i);
    if (best.length > k) best.pop();
    bar = values[best.at(-1) ?? 0] ?? bar;
  }
  return best;
}

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

/** Indices of the k largest values, falling; ties keep the smaller index first. Nothing else is sorted. */
export function largest(values: ArrayLike<number>, k: number): number[] {
  const size = Math.min(k, values.length);
  if (size === 0) return [];
  const isWorse = (a: number, b: number) => {
    const difference = (values[a] ?? 0) - (values[b] ?? 0);
    return difference < 0 || (difference === 0 && a > b);
  };
  // A heap of the best so far, the worst of them at its root.
  const heap = Array.from({ length: size }, (_, i) => i);
  for (let at = (size >> 1) - 1; at >= 0; at--) sink(heap, at, isWorse);
  for (let i = size; i < values.length; i++) {
    if (!isWorse(heap[0] ?? 0, i)) continue;
    heap[0] = i;
    sink(heap, 0, isWorse);
  }
  return heap.sort((a, b) => (isWorse(b, a) ? -1 : 1));
}

/** Puts the item at a place of a heap below those that are worse. */
function sink(heap: number[], start: number, isWorse: (a: number, b: number) => boolean): void {
  const item = heap[start] ?? 0;
  let at = start;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isWorse(heap[child + 1] ?? 0, heap[child] ?? 0)) child++;
    if (!isWorse(heap[child] ?? 0, item)) break;
    heap[at] = heap[child] ?? 0;
    at = child;
  }
  heap[at] = item;
}

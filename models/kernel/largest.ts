/** Selection of the largest of some numbers, in AssemblyScript: a heap of the best so far, the worst of them at its root. */

/**
 * The indices of the k largest values, best first; of equal ones the smaller key comes first.
 * @param values float64 [count].
 * @param keys uint32 [count], or 0 where each index is its own.
 * @param heap uint32 [k], what is found.
 * @returns how many there are: k, or count where that is less.
 */
export function findLargest(values: usize, keys: usize, count: u32, k: u32, heap: usize): u32 {
  const size = min(k, count);
  if (size === 0) return 0;
  for (let i: u32 = 0; i < size; i++) store<u32>(heap + 4 * i, i);
  for (let at: i32 = (<i32>size >> 1) - 1; at >= 0; at--) sink(heap, at, size, values, keys);
  for (let i: u32 = size; i < count; i++) {
    if (!isWorse(values, keys, load<u32>(heap), i)) continue;
    store<u32>(heap, i);
    sink(heap, 0, size, values, keys);
  }
  for (let left = size - 1; left > 0; left--) {
    const worst = load<u32>(heap);
    store<u32>(heap, load<u32>(heap + 4 * left));
    store<u32>(heap + 4 * left, worst);
    sink(heap, 0, left, values, keys);
  }
  return size;
}

function isWorse(values: usize, keys: usize, a: u32, b: u32): bool {
  const ours = load<f64>(values + 8 * a);
  const theirs = load<f64>(values + 8 * b);
  if (ours !== theirs) return ours < theirs;
  return keys === 0 ? a > b : load<u32>(keys + 4 * a) > load<u32>(keys + 4 * b);
}

/** Puts the item at a place of a heap below those that are worse. */
function sink(heap: usize, start: u32, size: u32, values: usize, keys: usize): void {
  const item = load<u32>(heap + 4 * start);
  let at = start;
  for (let child: u32 = 2 * at + 1; child < size; child = 2 * at + 1) {
    let worst = load<u32>(heap + 4 * child);
    if (child + 1 < size) {
      const other = load<u32>(heap + 4 * child, 4);
      if (isWorse(values, keys, other, worst)) {
        worst = other;
        child++;
      }
    }
    if (!isWorse(values, keys, worst, item)) break;
    store<u32>(heap + 4 * at, worst);
    at = child;
  }
  store<u32>(heap + 4 * at, item);
}

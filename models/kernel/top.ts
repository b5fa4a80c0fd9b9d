/** Logits that are passed over together when none is among the best. */
const STRIDE: usize = 16;

/**
 * The places of the k largest logits, best first; of equal ones the first comes first.
 * @param logits float32 [count].
 * @param k from 1 to count.
 * @param places uint32 [k], what is found; `values` float32 [k], their logits.
 */
export function findTop(logits: usize, count: usize, k: usize, places: usize, values: usize): void {
  let i: usize = 0;
  for (; i < k; i++) insert(i, load<f32>(logits + 4 * i), i, places, values);
  const last = values + 4 * (k - 1);
  while (i < count) {
    const bar = f32x4.splat(load<f32>(last));
    while (i + STRIDE <= count && !isAnyAbove(bar, logits + 4 * i)) i += STRIDE;
    for (const end = min<usize>(i + STRIDE, count); i < end; i++) {
      const logit = load<f32>(logits + 4 * i);
      if (logit > load<f32>(last)) insert(k - 1, logit, i, places, values);
    }
  }
}

function isAnyAbove(bar: v128, logits: usize): bool {
  const left = f32x4.pmax(v128.load(logits), v128.load(logits, 16));
  const right = f32x4.pmax(v128.load(logits, 32), v128.load(logits, 48));
  return v128.any_true(f32x4.gt(f32x4.pmax(left, right), bar));
}

/** Puts a logit into the list of the best, of which `at` are kept before it. */
function insert(at: usize, logit: f32, place: usize, places: usize, values: usize): void {
  for (; at > 0 && load<f32>(values + 4 * (at - 1)) < logit; at--) {
    store<f32>(values + 4 * at, load<f32>(values + 4 * (at - 1)));
    store<u32>(places + 4 * at, load<u32>(places + 4 * (at - 1)));
  }
  store<f32>(values + 4 * at, logit);
  store<u32>(places + 4 * at, <u32>place);
}

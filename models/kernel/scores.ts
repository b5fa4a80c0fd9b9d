/**
 * Scoring, in AssemblyScript: a state against every row of an int8 table, the softmax's sum, and the best of them.
 *
 * Nothing here allocates: whoever calls says where everything is, in bytes. Loads reach up to three rows beyond what they are
 * for, so that much memory must follow each table.
 */

import { exp4 } from './math';

/**
 * logits[i] = (row i · vector) × scales[i] × vectorScale + bias[i], with the products summed as integers.
 * @param rows int8 [count, width].
 * @param vector int16 [width], with zeros up to a multiple of 8 behind it, and so small that no sum leaves 32 bits.
 * @param scales float32 [count], as are bias and logits.
 * @returns the largest logit.
 */
export function scoreRows(
  rows: usize,
  scales: usize,
  bias: usize,
  count: usize,
  width: usize,
  vector: usize,
  vectorScale: f32,
  logits: usize,
): f32 {
  const factor = f32x4.splat(vectorScale);
  let most = f32x4.splat(-f32.MAX_VALUE);
  const whole = count & ~(<usize>3);
  let row = rows;
  for (let i: usize = 0; i < 4 * whole; i += 16, row += 4 * width) {
    const sums = f32x4.convert_i32x4_s(sumFour(row, width, vector));
    const scaled = f32x4.mul(f32x4.mul(sums, v128.load(scales + i)), factor);
    const four = f32x4.add(scaled, v128.load(bias + i));
    v128.store(logits + i, four);
    most = f32x4.pmax(most, four);
  }
  let max = f32x4.extract_lane(most, 0);
  max = maximum(max, f32x4.extract_lane(most, 1));
  max = maximum(max, f32x4.extract_lane(most, 2));
  max = maximum(max, f32x4.extract_lane(most, 3));
  for (let i = whole; i < count; i++, row += width) {
    const sum = <f32>i32x4.extract_lane(sumFour(row, width, vector), 0);
    const logit = sum * load<f32>(scales + 4 * i) * vectorScale + load<f32>(bias + 4 * i);
    store<f32>(logits + 4 * i, logit);
    max = maximum(max, logit);
  }
  return max;
}

/** The products of four rows with a vector, int32 [4]. */
function sumFour(row: usize, width: usize, vector: usize): v128 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let j: usize = 0; j < width; j += 8) {
    const x = v128.load(vector + 2 * j);
    a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load8x8_s(row + j), x));
    b = i32x4.add(b, i32x4.dot_i16x8_s(v128.load8x8_s(row + width + j), x));
    c = i32x4.add(c, i32x4.dot_i16x8_s(v128.load8x8_s(row + 2 * width + j), x));
    d = i32x4.add(d, i32x4.dot_i16x8_s(v128.load8x8_s(row + 3 * width + j), x));
  }
  // Sums across: first halves with halves, then quarters with quarters.
  const ab = i32x4.add(
    i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
    i8x16.shuffle(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31),
  );
  const cd = i32x4.add(
    i8x16.shuffle(c, d, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
    i8x16.shuffle(c, d, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31),
  );
  return i32x4.add(i64x2.shuffle(ab, cd, 0, 2), i64x2.shuffle(ab, cd, 1, 3));
}

/** Bytes of logits whose powers are summed in float32. */
const SUMMED: usize = 1024;

/** The sum of e^((logits[i] − max) × inverse). @param logits float32 [count]. */
export function sumPowers(logits: usize, count: usize, max: f32, inverse: f32): f64 {
  const shift = f32x4.splat(max);
  const factor = f32x4.splat(inverse);
  const whole = count & ~(<usize>3);
  let sums = f64x2.splat(0);
  for (let i: usize = 0; i < 4 * whole; ) {
    // Some at a time in float32, which is fast; the sums of those in float64, which loses nothing.
    let some = f32x4.splat(0);
    for (const end = min<usize>(4 * whole, i + SUMMED); i < end; i += 16) {
      some = f32x4.add(some, exp4(f32x4.mul(f32x4.sub(v128.load(logits + i), shift), factor)));
    }
    const upper = i64x2.shuffle(some, some, 1, 1);
    sums = f64x2.add(sums, f64x2.add(f64x2.promote_low_f32x4(some), f64x2.promote_low_f32x4(upper)));
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (let i = whole; i < count; i++) {
    sum += <f64>f32x4.extract_lane(exp4(f32x4.splat((load<f32>(logits + 4 * i) - max) * inverse)), 0);
  }
  return sum;
}

/**
 * The places of the k largest logits, best first; of equal ones the first comes first.
 * @param logits float32 [count].
 * @param k from 1 to count.
 * @param places uint32 [k], what is found; `values` float32 [k], their logits.
 */
export function findTop(logits: usize, count: usize, k: usize, places: usize, values: usize): void {
  let found: usize = 0;
  let bar: f32 = -f32.MAX_VALUE;
  for (let i: usize = 0; i < count; ) {
    // Four at a time are passed over once the list is full.
    if (
      found === k &&
      i + 4 <= count &&
      !v128.any_true(f32x4.gt(v128.load(logits + 4 * i), f32x4.splat(bar)))
    ) {
      i += 4;
      continue;
    }
    const logit = load<f32>(logits + 4 * i);
    if (found < k || logit > bar) {
      if (found < k) found++;
      let at = found - 1;
      for (; at > 0 && load<f32>(values + 4 * (at - 1)) < logit; at--) {
        store<f32>(values + 4 * at, load<f32>(values + 4 * (at - 1)));
        store<u32>(places + 4 * at, load<u32>(places + 4 * (at - 1)));
      }
      store<f32>(values + 4 * at, logit);
      store<u32>(places + 4 * at, <u32>i);
      if (found === k) bar = load<f32>(values + 4 * (k - 1));
    }
    i++;
  }
}

function maximum(a: f32, b: f32): f32 {
  return a > b ? a : b;
}

/**
 * Scoring, in AssemblyScript: a state against every row of an int8 table, and the softmax's sum.
 *
 * Nothing here allocates: whoever calls says where everything is, in bytes. Loads reach up to three rows and 15 bytes beyond
 * what they are for, so that much memory must follow each table.
 */

import { LOWEST, power, powers, raised } from './powers';
import { multiplyFour, prepareVector } from './products';

/**
 * logits[i] = (row i · vector) × scales[i] × vectorScale + bias[i], with the products summed as integers, and the sum of their
 * powers, in one pass: the table comes from far, and the powers are worked out while it does.
 * @param rows int8 [count, width].
 * @param sums what `sumRows` made of them.
 * @param vector int16 [width], −8191 to 8191, and so small that no sum leaves 32 bits; room for `preparedBytes`, of which
 * those behind the vector are overwritten.
 * @param scales float32 [count], as are bias and logits; these have room for a multiple of four.
 * @param inverse of the temperature, above 0.
 * @param total float64 [2], as `sumPowers` leaves it.
 */
export function scoreRows(
  rows: usize,
  sums: usize,
  scales: usize,
  bias: usize,
  count: usize,
  width: usize,
  vector: usize,
  vectorScale: f32,
  logits: usize,
  inverse: f32,
  total: usize,
): void {
  prepareVector(vector, width);
  const times = f32x4.splat(inverse);
  let exponent = LOWEST;
  let sum: f64 = 0;
  let row = rows;
  const end: usize = 4 * (count & ~(<usize>15));
  let at: usize = 0;
  for (; at < end; at += 64) {
    for (let four = at; four < at + 64; four += 16, row += 4 * width) {
      const products = f32x4.convert_i32x4_s(multiplyFour(row, width, vector, sums + four));
      const scaled = f32x4.mul(f32x4.mul(products, v128.load(scales + four)), f32x4.splat(vectorScale));
      v128.store(logits + four, f32x4.add(scaled, v128.load(bias + four)));
    }
    const a = f32x4.mul(v128.load(logits + at), times);
    const b = f32x4.mul(v128.load(logits + at, 16), times);
    const c = f32x4.mul(v128.load(logits + at, 32), times);
    const d = f32x4.mul(v128.load(logits + at, 48), times);
    const next = raised(exponent, a, b, c, d);
    if (next > exponent) sum *= power(exponent - next);
    sum += powers(next, a, b, c, d);
    exponent = next;
  }
  for (; at < 4 * count; at += 4, row += width) {
    const product = <f32>i32x4.extract_lane(multiplyFour(row, width, vector, sums + at), 0);
    const logit = product * load<f32>(scales + at) * vectorScale + load<f32>(bias + at);
    store<f32>(logits + at, logit);
    const next = max(exponent, logit * inverse);
    if (next > exponent) sum *= power(exponent - next);
    sum += power(logit * inverse - next);
    exponent = next;
  }
  store<f64>(total, exponent);
  store<f64>(total, sum, 8);
}

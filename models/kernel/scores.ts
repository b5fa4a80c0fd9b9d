/**
 * Scoring, in AssemblyScript: states against every row of an int8 table, and the softmax's sum.
 *
 * Nothing here allocates: whoever calls says where everything is, in bytes. Loads reach up to three rows and 15 bytes beyond
 * what they are for, so that much memory must follow each table.
 */

import { LOWEST, power, powers, raised } from './powers';
import { multiplyFour, prepareVector } from './products';

/** Rows that are scored for one vector after another, while they are near: a multiple of 16. */
const TILE: usize = 64;

/**
 * logits[v, i] = (row i · vector v) × scales[i] × vectorScales[v] + bias[i], with the products summed as integers, and the sum of
 * their powers, in one pass: the table comes from far, and the powers are worked out while it does.
 * @param rows int8 [count, width].
 * @param sums what `sumRows` made of them.
 * @param scales float32 [count], as is bias; both with room for a multiple of four.
 * @param vectors int16 [batch, width], each `vectorBytes` after the other, −8191 to 8191, and so small that no sum leaves 32 bits;
 * room for `preparedBytes` each, of which those behind a vector are overwritten.
 * @param vectorScales float32 [batch].
 * @param logits float32 [batch, count], each `logitBytes` after the other, with room for a multiple of four.
 * @param inverse of the temperature, above 0.
 * @param totals float64 [batch, 2], each as `sumPowers` leaves it.
 */
export function scoreRows(
  rows: usize,
  sums: usize,
  scales: usize,
  bias: usize,
  count: usize,
  width: usize,
  vectors: usize,
  vectorBytes: usize,
  vectorScales: usize,
  batch: usize,
  logits: usize,
  logitBytes: usize,
  inverse: f32,
  totals: usize,
): void {
  for (let v: usize = 0; v < batch; v++) {
    prepareVector(vectors + v * vectorBytes, width);
    store<f64>(totals + 16 * v, LOWEST);
    store<f64>(totals + 16 * v, 0, 8);
  }
  const tile = batch > 1 ? TILE : count;
  for (let start: usize = 0; start < count; start += tile) {
    const end = min(start + tile, count);
    for (let v: usize = 0; v < batch; v++) {
      const vector = vectors + v * vectorBytes;
      const vectorScale = load<f32>(vectorScales + 4 * v);
      const to = logits + v * logitBytes;
      scoreTile(
        rows,
        sums,
        scales,
        bias,
        start,
        end,
        width,
        vector,
        vectorScale,
        to,
        inverse,
        totals + 16 * v,
      );
    }
  }
}

/** Scores the rows from `start`, a multiple of 16, up to `end` for one vector, and goes on with its sum of powers. */
function scoreTile(
  rows: usize,
  sums: usize,
  scales: usize,
  bias: usize,
  start: usize,
  end: usize,
  width: usize,
  vector: usize,
  vectorScale: f32,
  logits: usize,
  inverse: f32,
  total: usize,
): void {
  const times = f32x4.splat(inverse);
  let exponent = <f32>load<f64>(total);
  let sum = load<f64>(total, 8);
  let row = rows + start * width;
  let at = 4 * start;
  for (const last = 4 * (end & ~(<usize>15)); at < last; at += 64) {
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
  for (; at < 4 * end; at += 4, row += width) {
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

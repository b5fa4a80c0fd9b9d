/** Sums of powers of e, in AssemblyScript: of any exponents, without leaving float32's range. */

import { exp4 } from './math';

/** Below any logit, and finite: what is subtracted from it stays a number. */
export const LOWEST: f32 = -1e30;
/** How far beyond a sum's exponent powers may be added before it is raised. */
const REACH: f32 = 20;

/** The exponent that a sum goes on with, so that the powers of these 16 stay in range. */
export function raised(exponent: f32, a: v128, b: v128, c: v128, d: v128): f32 {
  const most = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
  if (!v128.any_true(f32x4.gt(most, f32x4.splat(exponent + REACH)))) return exponent;
  const left = max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1));
  return max(left, max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)));
}

/** e^x of one number. */
export function power(x: f32): f64 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** The sum of e^(x − exponent) of 16 numbers. */
export function powers(exponent: f32, a: v128, b: v128, c: v128, d: v128): f64 {
  const shift = f32x4.splat(exponent);
  const ab = f32x4.add(exp4(f32x4.sub(a, shift)), exp4(f32x4.sub(b, shift)));
  const cd = f32x4.add(exp4(f32x4.sub(c, shift)), exp4(f32x4.sub(d, shift)));
  const four = f32x4.add(ab, cd);
  const two = f32x4.add(four, i64x2.shuffle(four, four, 1, 1));
  return <f64>f32x4.extract_lane(two, 0) + <f64>f32x4.extract_lane(two, 1);
}

/**
 * The sum of e^(logits[i] × inverse), as e^exponent × factor.
 * @param logits float32 [count].
 * @param inverse of the temperature, above 0.
 * @param total float64 [2]: exponent and factor.
 */
export function sumPowers(logits: usize, count: usize, inverse: f32, total: usize): void {
  const times = f32x4.splat(inverse);
  let exponent = LOWEST;
  let sum: f64 = 0;
  let i: usize = 0;
  for (; i + 16 <= count; i += 16) {
    const at = logits + 4 * i;
    const a = f32x4.mul(v128.load(at), times);
    const b = f32x4.mul(v128.load(at, 16), times);
    const c = f32x4.mul(v128.load(at, 32), times);
    const d = f32x4.mul(v128.load(at, 48), times);
    const next = raised(exponent, a, b, c, d);
    if (next > exponent) sum *= power(exponent - next);
    sum += powers(next, a, b, c, d);
    exponent = next;
  }
  for (; i < count; i++) {
    const value = load<f32>(logits + 4 * i) * inverse;
    const next = max(exponent, value);
    if (next > exponent) sum *= power(exponent - next);
    sum += power(value - next);
    exponent = next;
  }
  store<f64>(total, exponent);
  store<f64>(total, sum, 8);
}

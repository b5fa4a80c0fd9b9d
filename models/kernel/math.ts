/** Transcendental functions of four floats, to a few units in the last place. */

const LOG2E: f32 = <f32>NativeMath.LOG2E;
/** ln 2 in two parts: the first has few bits, so that its multiples are exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.1219444e-4;
/** Beyond these, float32 has no power of e. */
const LEAST: f32 = -87.3;
const MOST: f32 = 88.3;

/** Adding it rounds to a whole number, which then stands in the lowest bits. */
const ROUND: f32 = 12582912;

/** e^x; 0 below −87.3. @see Moshier's Cephes library, `expf`, for the polynomial. */
export function exp4(x: v128): v128 {
  // `pmax` and `pmin` are one instruction each; `max`, `min`, `nearest` and `trunc_sat` are many.
  const clamped = f32x4.pmin(f32x4.splat(MOST), f32x4.pmax(f32x4.splat(LEAST), x));
  const rounded = f32x4.add(f32x4.mul(clamped, f32x4.splat(LOG2E)), f32x4.splat(ROUND));
  const n = f32x4.sub(rounded, f32x4.splat(ROUND));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let p = f32x4.splat(1.98756915e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(rounded, i32x4.splat(127)), 23); // 2^n, by its exponent's bits
  return v128.and(f32x4.mul(p, power), f32x4.ge(x, f32x4.splat(LEAST)));
}

/** 1 / (1 + e^−x). */
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** tanh x, to 1e-7. */
export function tanh4(x: v128): v128 {
  const one = f32x4.splat(1);
  const power = exp4(f32x4.add(x, x));
  return f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(power, one)));
}

/** Transcendental functions of vectors of four floats, in AssemblyScript. */

/**
 * Constants, four of each, read from memory where they are used: V8 makes a constant vector anew, in several instructions, each
 * time that a loop comes by it.
 */
// biome-ignore format: a constant a line.
const TABLE: usize = memory.data<f32>(
  [
    -87.3, -87.3, -87.3, -87.3,
    88.3, 88.3, 88.3, 88.3,
    <f32>NativeMath.LOG2E, <f32>NativeMath.LOG2E, <f32>NativeMath.LOG2E, <f32>NativeMath.LOG2E,
    12582912, 12582912, 12582912, 12582912,
    -<f32>NativeMath.LN2, -<f32>NativeMath.LN2, -<f32>NativeMath.LN2, -<f32>NativeMath.LN2,
    0.008363233, 0.008363233, 0.008363233, 0.008363233,
    0.041876064, 0.041876064, 0.041876064, 0.041876064,
    0.166665767, 0.166665767, 0.166665767, 0.166665767,
    0.499993696, 0.499993696, 0.499993696, 0.499993696,
    1, 1, 1, 1,
  ],
  16,
);

/**
 * Where they are in it. Below the first and above the second, float32 has no power of e; e^r ≈ 1 + r + C2·r² + … + C5·r⁵ for
 * |r| ≤ ln 2 / 2, through the Chebyshev points, to 2e-7.
 */
const LEAST: usize = 0;
const MOST: usize = 16;
const LOG2E: usize = 32;
const ROUND: usize = 48;
const LN2: usize = 64;
const C5: usize = 80;
const C4: usize = 96;
const C3: usize = 112;
const C2: usize = 128;
const ONE: usize = 144;

/** Where the constants end: nothing else may lie before. */
export function dataEnd(): usize {
  return __data_end;
}

function constant(at: usize): v128 {
  return v128.load(TABLE + at);
}

/** a × b + c: rounded once where that is one instruction. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** e^x to 3e-7 of it, for x from −87 to 88; beyond, as at the nearer end. */
export function exp4(x: v128): v128 {
  // `pmax` and `pmin` are one instruction each; `max`, `min`, `nearest` and `trunc_sat` are many.
  const clamped = f32x4.pmin(constant(MOST), f32x4.pmax(constant(LEAST), x));
  // Adding 1.5 · 2^23 rounds to a whole number, which then stands in the lowest bits.
  const rounded = multiplyAdd(clamped, constant(LOG2E), constant(ROUND));
  const r = multiplyAdd(f32x4.sub(rounded, constant(ROUND)), constant(LN2), clamped);
  let p = multiplyAdd(constant(C5), r, constant(C4));
  p = multiplyAdd(p, r, constant(C3));
  p = multiplyAdd(p, r, constant(C2));
  p = multiplyAdd(p, r, constant(ONE));
  p = multiplyAdd(p, r, constant(ONE));
  return i32x4.add(p, i32x4.shl(rounded, 23)); // times 2^n, by its exponent's bits
}

/** 1 / (1 + e^−x). */
export function sigmoid4(x: v128): v128 {
  return f32x4.div(constant(ONE), f32x4.add(constant(ONE), exp4(f32x4.neg(x))));
}

/** tanh x, to 3e-7. */
export function tanh4(x: v128): v128 {
  const power = exp4(f32x4.add(x, x));
  return f32x4.sub(
    constant(ONE),
    f32x4.div(f32x4.add(constant(ONE), constant(ONE)), f32x4.add(power, constant(ONE))),
  );
}

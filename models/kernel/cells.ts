/**
 * Recurrent cells, in AssemblyScript: float32, in tfjs's gate order, as `src/predictor/cells.ts` has them. Vectors have room
 * for a multiple of four numbers; what stands behind their last one means nothing.
 */

import { multiplyAdd, sigmoid4, tanh4 } from './math';

/** Bytes of a vector register, of the columns that are summed at a time. */
const LANES: usize = 16;
const BLOCK: usize = 8 * LANES;

/** to[j] = row[j] × scale: an int8 row as float32. Reads up to 3 bytes beyond it. */
export function widenRow(row: usize, scale: f32, width: usize, to: usize): void {
  const factor = f32x4.splat(scale);
  for (let j: usize = 0; j < width; j += 4) {
    const words = i16x8.extend_low_i8x16_s(v128.load32_zero(row + j));
    const four = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words));
    v128.store(to + 4 * j, f32x4.mul(four, factor));
  }
}

/** out = vector + other, for float32 [count]. */
export function add(out: usize, vector: usize, other: usize, count: usize): void {
  for (let i: usize = 0; i < 4 * count; i += LANES) {
    v128.store(out + i, f32x4.add(v128.load(vector + i), v128.load(other + i)));
  }
}

/**
 * out[j] += Σ vector[i] × matrix[i, j], for the columns from `first` up to `end`.
 * @param matrix float32 [count, columns], row by row.
 */
export function multiplyInto(
  out: usize,
  vector: usize,
  count: usize,
  matrix: usize,
  columns: usize,
  first: usize,
  end: usize,
): void {
  const stride = 4 * columns;
  let j = 4 * first;
  for (const last = 4 * end; j + BLOCK <= last; j += BLOCK) {
    multiplyBlock(out + j, vector, count, matrix + j, stride);
  }
  for (const last = 4 * end; j + LANES <= last; j += LANES) {
    let sum = v128.load(out + j);
    for (let i: usize = 0; i < count; i++) {
      sum = multiplyAdd(v128.load32_splat(vector + 4 * i), v128.load(matrix + i * stride + j), sum);
    }
    v128.store(out + j, sum);
  }
  for (; j < 4 * end; j += 4) {
    let sum = load<f32>(out + j);
    for (let i: usize = 0; i < count; i++)
      sum += load<f32>(vector + 4 * i) * load<f32>(matrix + i * stride + j);
    store<f32>(out + j, sum);
  }
}

/** 32 columns at a time: their sums stay in registers. */
function multiplyBlock(out: usize, vector: usize, count: usize, matrix: usize, stride: usize): void {
  let s0 = v128.load(out);
  let s1 = v128.load(out, 16);
  let s2 = v128.load(out, 32);
  let s3 = v128.load(out, 48);
  let s4 = v128.load(out, 64);
  let s5 = v128.load(out, 80);
  let s6 = v128.load(out, 96);
  let s7 = v128.load(out, 112);
  for (let i: usize = 0; i < count; i++, matrix += stride) {
    const x = v128.load32_splat(vector + 4 * i);
    s0 = multiplyAdd(x, v128.load(matrix), s0);
    s1 = multiplyAdd(x, v128.load(matrix, 16), s1);
    s2 = multiplyAdd(x, v128.load(matrix, 32), s2);
    s3 = multiplyAdd(x, v128.load(matrix, 48), s3);
    s4 = multiplyAdd(x, v128.load(matrix, 64), s4);
    s5 = multiplyAdd(x, v128.load(matrix, 80), s5);
    s6 = multiplyAdd(x, v128.load(matrix, 96), s6);
    s7 = multiplyAdd(x, v128.load(matrix, 112), s7);
  }
  v128.store(out, s0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
  v128.store(out, s4, 64);
  v128.store(out, s5, 80);
  v128.store(out, s6, 96);
  v128.store(out, s7, 112);
}

/** h = tanh(gates). */
export function stepSimple(gates: usize, h: usize, H: usize): void {
  for (let i: usize = 0; i < 4 * H; i += LANES) v128.store(h + i, tanh4(v128.load(gates + i)));
}

/** reset = σ(gates r) × h, which the candidate's recurrent product reads. */
export function resetGru(gates: usize, h: usize, reset: usize, H: usize): void {
  for (let i: usize = 0; i < 4 * H; i += LANES) {
    v128.store(reset + i, f32x4.mul(sigmoid4(v128.load(gates + 4 * H + i)), v128.load(h + i)));
  }
}

/** h = z × h + (1 − z) × tanh(gates h). */
export function stepGru(gates: usize, h: usize, H: usize): void {
  for (let i: usize = 0; i < 4 * H; i += LANES) {
    const z = sigmoid4(v128.load(gates + i));
    const candidate = tanh4(v128.load(gates + 8 * H + i));
    const kept = f32x4.mul(z, f32x4.sub(v128.load(h + i), candidate));
    v128.store(h + i, f32x4.add(candidate, kept));
  }
}

/** c = σ(f) × c + σ(i) × tanh(c̃); h = σ(o) × tanh(c). */
export function stepLstm(gates: usize, h: usize, c: usize, H: usize): void {
  for (let i: usize = 0; i < 4 * H; i += LANES) {
    const added = f32x4.mul(sigmoid4(v128.load(gates + i)), tanh4(v128.load(gates + 8 * H + i)));
    const kept = f32x4.mul(sigmoid4(v128.load(gates + 4 * H + i)), v128.load(c + i));
    const carry = f32x4.add(kept, added);
    v128.store(c + i, carry);
    v128.store(h + i, f32x4.mul(sigmoid4(v128.load(gates + 12 * H + i)), tanh4(carry)));
  }
}

/**
 * Products of int8 rows with a vector of 14-bit whole numbers, in AssemblyScript.
 *
 * Compiled twice. With relaxed SIMD a row is multiplied 16 numbers at a time, by one instruction where the processor has it; that
 * takes a vector of whole numbers from 0 to 127, so each number of a vector becomes two such digits. Without, 8 at a time.
 */

/** A number plus 2^13 has two digits to the base 2^7; the sums of the rows take the 2^13 away again. */
const DIGIT_BITS: i32 = 7;
const ZERO_BITS: i32 = 13;
/** Numbers of a row that are read at a time. */
const BLOCK: usize = 16;

/** Bytes of what {@link sumRows} keeps of a table of `count` rows: 0 in the build that needs no sums. */
export function rowSumBytes(count: usize): usize {
  return ASC_FEATURE_RELAXED_SIMD ? 4 * count : 0;
}

/** sums[i] = the sum of row i. @param rows int8 [count, width]; `sums` int32 [count], where `rowSumBytes` asks for it. */
export function sumRows(rows: usize, count: usize, width: usize, sums: usize): void {
  if (!ASC_FEATURE_RELAXED_SIMD) return;
  const whole = width & ~(BLOCK - 1);
  for (let i: usize = 0; i < count; i++, rows += width) {
    let four = i32x4.splat(0);
    for (let j: usize = 0; j < whole; j += BLOCK) {
      const pairs = i16x8.extadd_pairwise_i8x16_s(v128.load(rows + j));
      four = i32x4.add(four, i32x4.extadd_pairwise_i16x8_s(pairs));
    }
    const two = i32x4.add(four, i64x2.shuffle(four, four, 1, 1));
    let sum = i32x4.extract_lane(two, 0) + i32x4.extract_lane(two, 1);
    for (let j = whole; j < width; j++) sum += load<i8>(rows + j);
    store<i32>(sums + 4 * i, sum);
  }
}

/** Bytes of a prepared vector. */
export function preparedBytes(width: usize): usize {
  return 4 * padded(width);
}

/**
 * Puts zeros behind a vector, and behind those its digits: of each block the high ones, then the low ones.
 * @param vector int16 [width], with room for `preparedBytes`.
 */
export function prepareVector(vector: usize, width: usize): void {
  memory.fill(vector + 2 * width, 0, preparedBytes(width) - 2 * width);
  if (!ASC_FEATURE_RELAXED_SIMD) return;
  const digits = vector + 2 * padded(width);
  for (let j: usize = 0; j < width; j++) {
    const value = <i32>load<i16>(vector + 2 * j) + (1 << ZERO_BITS);
    const high = digits + 2 * j - (j & (BLOCK - 1));
    store<u8>(high, value >> DIGIT_BITS);
    store<u8>(high + BLOCK, value & ((1 << DIGIT_BITS) - 1));
  }
}

function padded(width: usize): usize {
  return (width + BLOCK - 1) & ~(BLOCK - 1);
}

/**
 * The products of four rows with a prepared vector, int32 [4]. Reads up to 15 bytes beyond the rows.
 * @param sums of these rows.
 */
export function multiplyFour(row: usize, width: usize, vector: usize, sums: usize): v128 {
  if (!ASC_FEATURE_RELAXED_SIMD) return multiplyWords(row, width, vector);
  const zeros = i32x4.shl(v128.load(sums), ZERO_BITS);
  return i32x4.sub(multiplyDigits(row, width, vector), zeros);
}

/** Two blocks at a time: in Workers each load's address is checked, and constant offsets make that cheaper. */
function multiplyDigits(a: usize, width: usize, vector: usize): v128 {
  let digits = vector + 2 * padded(width);
  let b = a + width;
  let c = b + width;
  let d = c + width;
  let row = i32x4.splat(0);
  let high = row;
  let low = row;
  let highA = row;
  let lowA = row;
  let highB = row;
  let lowB = row;
  let highC = row;
  let lowC = row;
  let highD = row;
  let lowD = row;
  const end = a + padded(width);
  while (a + 2 * BLOCK <= end) {
    high = v128.load(digits);
    low = v128.load(digits, 16);
    row = v128.load(a);
    highA = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highA);
    lowA = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowA);
    row = v128.load(b);
    highB = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highB);
    lowB = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowB);
    row = v128.load(c);
    highC = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highC);
    lowC = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowC);
    row = v128.load(d);
    highD = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highD);
    lowD = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowD);
    high = v128.load(digits, 32);
    low = v128.load(digits, 48);
    row = v128.load(a, 16);
    highA = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highA);
    lowA = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowA);
    row = v128.load(b, 16);
    highB = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highB);
    lowB = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowB);
    row = v128.load(c, 16);
    highC = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highC);
    lowC = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowC);
    row = v128.load(d, 16);
    highD = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highD);
    lowD = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowD);
    digits += 4 * BLOCK;
    a += 2 * BLOCK;
    b += 2 * BLOCK;
    c += 2 * BLOCK;
    d += 2 * BLOCK;
  }
  if (a < end) {
    high = v128.load(digits);
    low = v128.load(digits, 16);
    row = v128.load(a);
    highA = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highA);
    lowA = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowA);
    row = v128.load(b);
    highB = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highB);
    lowB = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowB);
    row = v128.load(c);
    highC = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highC);
    lowC = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowC);
    row = v128.load(d);
    highD = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, high, highD);
    lowD = i32x4.relaxed_dot_i8x16_i7x16_add_s(row, low, lowD);
  }
  return sumAcross(
    i32x4.add(i32x4.shl(highA, DIGIT_BITS), lowA),
    i32x4.add(i32x4.shl(highB, DIGIT_BITS), lowB),
    i32x4.add(i32x4.shl(highC, DIGIT_BITS), lowC),
    i32x4.add(i32x4.shl(highD, DIGIT_BITS), lowD),
  );
}

function multiplyWords(row: usize, width: usize, vector: usize): v128 {
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
  return sumAcross(a, b, c, d);
}

/** The sums of four vectors of four, first of halves, then of quarters. */
function sumAcross(a: v128, b: v128, c: v128, d: v128): v128 {
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

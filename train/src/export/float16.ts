const LARGEST = 65504;

/**
 * Rounds float32 values to IEEE 754 half precision, to nearest, ties to even, clamped to ±65504.
 * @returns little-endian bytes, two a value.
 */
export function float16Bytes(values: Float32Array): Uint8Array {
  const halves = new Uint16Array(values.length);
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  for (let i = 0; i < values.length; i++) {
    float[0] = Math.max(-LARGEST, Math.min(LARGEST, values[i] ?? 0));
    halves[i] = toHalf(bits[0] ?? 0);
  }
  return new Uint8Array(halves.buffer);
}

function toHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112; // float32's bias 127 to half's 15
  const mantissa = bits & 0x7fffff;
  if (exponent <= -11) return sign; // below half of the least subnormal
  if (exponent <= 0) return sign | roundShift(mantissa | 0x800000, 14 - exponent);
  // A carry out of the mantissa rightly raises the exponent.
  return sign | ((exponent << 10) + roundShift(mantissa, 13));
}

function roundShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const up = rest > half || (rest === half && (kept & 1) === 1);
  return up ? kept + 1 : kept;
}

/** Rows of int8 with a float32 scale each: value ≈ row × scale. */
export interface QuantisedRows {
  /** int8 [rows, width], −127 to 127. */
  readonly rows: Int8Array;
  /** float32 [rows]. */
  readonly scales: Float32Array;
}

/** Rounds each row to int8 with the scale that maps its largest magnitude to 127; an all-zero row has scale 0. */
export function quantiseRows(values: Float32Array, width: number): QuantisedRows {
  const scales = rowScales(values, width);
  const rows = new Int8Array(values.length);
  for (const [row, scale] of scales.entries()) {
    const inverse = scale === 0 ? 0 : 1 / scale;
    for (let i = row * width; i < (row + 1) * width; i++) rows[i] = Math.round((values[i] ?? 0) * inverse);
  }
  return { rows, scales };
}

/** The scales of {@link quantiseRows} alone: float32 [rows]. */
export function rowScales(values: Float32Array, width: number): Float32Array<ArrayBuffer> {
  const scales = new Float32Array(values.length / width);
  for (let row = 0; row < scales.length; row++) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++)
      largest = Math.max(largest, Math.abs(values[i] ?? 0));
    scales[row] = largest / 127;
  }
  return scales;
}

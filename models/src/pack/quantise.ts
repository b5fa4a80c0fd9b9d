/** Rows of int8 with a float32 scale each: value ≈ row × scale. */
export interface QuantisedRows {
  /** int8 [rows, width], −127 to 127. */
  readonly rows: Int8Array;
  /** float32 [rows]. */
  readonly scales: Float32Array;
}

/** Rounds each row to int8 with the scale that maps its largest magnitude to 127; an all-zero row has scale 0. */
export function quantiseRows(values: Float32Array, width: number): QuantisedRows {
  const count = values.length / width;
  const rows = new Int8Array(values.length);
  const scales = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++)
      largest = Math.max(largest, Math.abs(values[i] ?? 0));
    scales[row] = largest / 127;
    const inverse = largest === 0 ? 0 : 127 / largest;
    for (let i = row * width; i < (row + 1) * width; i++) rows[i] = Math.round((values[i] ?? 0) * inverse);
  }
  return { rows, scales };
}

/** As {@link quantiseRows}, of a table that comes in blocks. */
export function quantiseBlocks(
  blocks: Iterable<{ start: number; values: Float32Array }>,
  { count, width }: { count: number; width: number },
): QuantisedRows {
  const rows = new Int8Array(count * width);
  const scales = new Float32Array(count);
  for (const { start, values } of blocks) {
    const block = quantiseRows(values, width);
    rows.set(block.rows, start * width);
    scales.set(block.scales, start);
  }
  return { rows, scales };
}

import { GATES, inputRowWidth, type ModelSpec } from './spec.ts';
import { FIRST_TOKEN_ID, NEVER_BIAS } from './vocabulary.ts';

/** A recurrent layer's float32 weights, row-major, in tfjs gate order; G = gates of the cell. */
export interface CellWeights {
  /** [input width, G·H]; absent in the first layer of a one-hot model, whose input rows are the product already. */
  readonly kernel?: Float32Array;
  /** [H, G·H]. */
  readonly recurrentKernel: Float32Array;
  /** [G·H]. */
  readonly bias: Float32Array;
}

/** All weights of a model on the host: what training ends with, and what every export starts from. */
export interface ModelWeights {
  /** [V, row width], see `inputRowWidth`. */
  readonly inputRows: Float32Array;
  readonly cells: readonly CellWeights[];
  /** [V, H], a row a token; absent when tied, where the input rows serve. */
  readonly outputRows?: Float32Array;
  /** [V]. */
  readonly outputBias: Float32Array;
}

/** The length of each array of `ModelWeights` for a spec. */
export function weightLengths(spec: ModelSpec) {
  const { vocabularySize, hiddenUnits, layers } = spec;
  const columns = GATES[spec.cell] * hiddenUnits;
  return {
    inputRows: vocabularySize * inputRowWidth(spec),
    cells: Array.from({ length: layers }, (_, layer) => ({
      kernel: cellKernelRows(spec, layer) * columns,
      recurrentKernel: hiddenUnits * columns,
      bias: columns,
    })),
    outputRows: spec.output === 'tied' ? 0 : vocabularySize * hiddenUnits,
    outputBias: vocabularySize,
  };
}

/** @throws RangeError naming the array of `weights` that does not have the length its spec asks for. */
export function checkWeights(spec: ModelSpec, weights: ModelWeights): void {
  const expected = weightLengths(spec);
  const check = (name: string, array: Float32Array | undefined, length: number) => {
    if ((array?.length ?? 0) === length) return;
    throw new RangeError(`weights.${name} has ${array?.length ?? 0} values, its spec asks for ${length}`);
  };
  check('inputRows', weights.inputRows, expected.inputRows);
  for (const [layer, lengths] of expected.cells.entries()) {
    const cell = weights.cells[layer];
    check(`cells[${layer}].kernel`, cell?.kernel, lengths.kernel);
    check(`cells[${layer}].recurrentKernel`, cell?.recurrentKernel, lengths.recurrentKernel);
    check(`cells[${layer}].bias`, cell?.bias, lengths.bias);
  }
  check('outputRows', weights.outputRows, expected.outputRows);
  check('outputBias', weights.outputBias, expected.outputBias);
}

/** Rows of a layer's trained kernel: 0 for the first layer of a one-hot model, which has none. */
export function cellKernelRows(spec: ModelSpec, layer: number): number {
  if (layer > 0) return spec.hiddenUnits;
  return spec.input.type === 'one-hot' ? 0 : spec.input.units;
}

/** Gives padding and unknown the bias that no softmax can raise. */
export function silenceNonTokens(outputBias: Float32Array): void {
  outputBias.fill(NEVER_BIAS, 0, FIRST_TOKEN_ID);
}

/**
 * The rows that the state is multiplied with: the output or tied rows, as unit vectors where scores are normalised.
 * @param start the first row, 0 by default.
 * @param end past the last row, V by default.
 * @returns float32 [end − start, H], a copy.
 */
export function scoringRows(
  spec: ModelSpec,
  weights: ModelWeights,
  { start = 0, end = spec.vocabularySize }: { start?: number; end?: number } = {},
): Float32Array {
  const width = spec.hiddenUnits;
  const source = weights.outputRows ?? weights.inputRows;
  const result = Float32Array.from(source.subarray(start * width, end * width));
  if (!spec.normalised) return result;
  for (let at = 0; at < result.length; at += width) {
    let squares = 0;
    for (let i = at; i < at + width; i++) squares += (result[i] ?? 0) ** 2;
    if (squares === 0) continue;
    const inverse = 1 / Math.sqrt(squares);
    for (let i = at; i < at + width; i++) result[i] = (result[i] ?? 0) * inverse;
  }
  return result;
}

/** Rows in a block: a few MB, whatever the table. */
const BLOCK_ROWS = 4096;

/** The first `rows` scoring rows block by block, so that a large table is never copied whole. */
export function* scoringBlocks(
  spec: ModelSpec,
  weights: ModelWeights,
  rows = spec.vocabularySize,
): Generator<{ start: number; values: Float32Array }> {
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const end = Math.min(rows, start + BLOCK_ROWS);
    yield { start, values: scoringRows(spec, weights, { start, end }) };
  }
}

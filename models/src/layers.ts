import * as tf from '@tensorflow/tfjs-layers';
import { LAYER } from './layer-names.ts';
import {
  GATES,
  inputRowWidth,
  layerInputWidth,
  type ModelSpec,
  NORM_EPSILON,
  NORMALISED_SCALE,
} from './spec.ts';
import { cellKernelRows, type ModelWeights, scoringBlocks } from './weights.ts';

function createCell(spec: ModelSpec, layer: number) {
  const last = layer === spec.layers - 1;
  // tfjs's defaults differ from Keras's: `hardSigmoid`, and an orthogonal initialiser that throws in Node.
  const config = {
    name: LAYER.cell(layer),
    units: spec.hiddenUnits,
    returnSequences: !last || spec.task === 'label',
    kernelInitializer: 'glorotUniform' as const,
    recurrentInitializer: 'glorotUniform' as const,
  };
  switch (spec.cell) {
    case 'simple':
      return tf.layers.simpleRNN(config);
    case 'gru':
      return tf.layers.gru({ ...config, recurrentActivation: 'sigmoid' });
    case 'lstm':
      return tf.layers.lstm({ ...config, recurrentActivation: 'sigmoid' });
  }
}

/**
 * Builds the standard tfjs layers graph of a spec, with fresh weights of its own.
 *
 * ids int32 [B, T], padded on the left → probabilities float32 [B, V] (`next`) or [B, T, V] (`label`).
 * One-hot input becomes an embedding of gates × units columns and a cell whose kernel is the identity.
 * The caller disposes the model.
 *
 * @param inputRows of the embedding; fewer than V where ids are places in a part of the table.
 */
export function createLayersModel(spec: ModelSpec, inputRows = spec.vocabularySize): tf.LayersModel {
  const ids = tf.input({ shape: [null], dtype: 'int32', name: LAYER.input });
  const embedding = tf.layers.embedding({
    name: LAYER.embedding,
    inputDim: inputRows,
    outputDim: inputRowWidth(spec),
    maskZero: true,
  });
  let hidden = embedding.apply(ids) as tf.SymbolicTensor; // symbolic in, symbolic out
  for (let layer = 0; layer < spec.layers; layer++) {
    hidden = createCell(spec, layer).apply(hidden) as tf.SymbolicTensor;
  }
  if (spec.normalised) {
    // Not `center: false` or `scale: false`, which tfjs 4.22 cannot differentiate.
    const norm = tf.layers.layerNormalization({ name: LAYER.norm, epsilon: NORM_EPSILON, trainable: false });
    hidden = norm.apply(hidden) as tf.SymbolicTensor;
  }
  const dense = tf.layers.dense({ name: LAYER.logits, units: spec.vocabularySize });
  const softmax = tf.layers.activation({ name: LAYER.probabilities, activation: 'softmax' });
  const probabilities = softmax.apply(dense.apply(hidden)) as tf.SymbolicTensor;
  return tf.model({ inputs: ids, outputs: probabilities, name: 'pathcast' });
}

/** One weight of the layers graph: its name in `model.json`, its shape, and its float32 values, row-major, part by part. */
export interface LayerWeight {
  readonly layer: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly parts: Iterable<Float32Array>;
}

/**
 * The weights of the layers graph over the first `rows` ids, in the graph's order. No more than a few units of a large table are
 * ever copied at a time.
 */
export function* layerWeights(
  spec: ModelSpec,
  weights: ModelWeights,
  rows = spec.vocabularySize,
): Generator<LayerWeight> {
  const { hiddenUnits: H } = spec;
  const columns = GATES[spec.cell] * H;
  const width = inputRowWidth(spec);
  yield weight(LAYER.embedding, 'embeddings', [rows, width], [weights.inputRows.subarray(0, rows * width)]);
  for (const [layer, cell] of weights.cells.entries()) {
    const name = LAYER.cell(layer);
    const inputWidth = layerInputWidth(spec, layer);
    const kernel = cellKernelRows(spec, layer) === 0 ? identity(inputWidth) : cell.kernel;
    if (!kernel) throw new RangeError(`cells[${layer}].kernel is missing`);
    yield weight(name, 'kernel', [inputWidth, columns], [kernel]);
    yield weight(name, 'recurrent_kernel', [H, columns], [cell.recurrentKernel]);
    yield weight(name, 'bias', [columns], [cell.bias]);
  }
  if (spec.normalised) {
    const gamma = new Float32Array(H).fill(NORMALISED_SCALE / Math.sqrt(H));
    yield weight(LAYER.norm, 'gamma', [H], [gamma]);
    yield weight(LAYER.norm, 'beta', [H], [new Float32Array(H)]);
  }
  yield weight(LAYER.logits, 'kernel', [H, rows], scoringColumns(spec, weights, rows));
  yield weight(LAYER.logits, 'bias', [rows], [weights.outputBias.subarray(0, rows)]);
}

/** Whether a weight of the graph is a constant of the form, not trained: the identity kernel of a one-hot model. */
export function isIdentityKernel(spec: Pick<ModelSpec, 'input'>, layer: string, name: string): boolean {
  return spec.input.type === 'one-hot' && layer === LAYER.cell(0) && name === 'kernel';
}

function weight(layer: string, name: string, shape: number[], parts: Iterable<Float32Array>): LayerWeight {
  return { layer, name: `${layer}/${name}`, shape, parts };
}

function identity(size: number): Float32Array {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * size + i] = 1;
  return values;
}

/** Units whose weights are collected in one pass over the table: 64 MB at a million rows. */
const UNITS_AT_ONCE = 16;

/** The first scoring rows as columns, float32 [H, rows], some units at a time. */
function* scoringColumns(spec: ModelSpec, weights: ModelWeights, rows: number): Generator<Float32Array> {
  const { hiddenUnits: H } = spec;
  for (let first = 0; first < H; first += UNITS_AT_ONCE) {
    const units = Math.min(UNITS_AT_ONCE, H - first);
    const columns = new Float32Array(units * rows);
    for (const { start, values } of scoringBlocks(spec, weights, rows)) {
      const count = values.length / H;
      for (let unit = 0; unit < units; unit++) {
        const to = unit * rows + start;
        for (let row = 0; row < count; row++) columns[to + row] = values[row * H + first + unit] ?? 0;
      }
    }
    yield columns;
  }
}

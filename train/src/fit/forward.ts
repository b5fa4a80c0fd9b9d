import { type ModelSpec, NORM_EPSILON, NORMALISED_SCALE } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import type { CellParameters, Parameters } from './parameters.ts';

/** Keeps a unit row's division finite for a row of zeros; far below any row's squared length. */
const UNIT_EPSILON = 1e-12;

/** Sequences on the backend's side, step by step: row t·B + b is step t of sequence b. */
export interface StepBatch {
  /** float32 [T·B, 1], 0 at left padding; absent when no sequence is padded. */
  readonly mask: tf.Tensor2D | undefined;
  readonly steps: number;
  readonly batchSize: number;
}

/**
 * Runs the cells over input rows. The same numbers as the exported layers graph, in fewer operations: all steps'
 * input products are one, and left padding costs one multiplication a step, since the state before it is zero.
 *
 * @param rows float32 [T·B, row width], the input rows of the batch's ids.
 * @returns the last layer's states, float32 [T·B, H].
 */
export function hiddenStates(
  spec: ModelSpec,
  cells: readonly CellParameters[],
  rows: tf.Tensor2D,
  batch: StepBatch,
): tf.Tensor2D {
  return cells.reduce((below, cell) => {
    const product = cell.kernel ? tf.matMul(below, cell.kernel) : below;
    return runCell(spec, cell, tf.add(product, cell.bias) as tf.Tensor2D, batch);
  }, rows);
}

/**
 * What a token's logit is the product of: a state and a row, as unit vectors where scores are normalised.
 * @param states float32 [N, H].
 * @returns vectors float32 [N, H] and rows float32 [V, H].
 */
export function scoringVectors(spec: ModelSpec, parameters: Parameters, states: tf.Tensor2D) {
  const table = parameters.outputRows ?? parameters.inputRows;
  return spec.normalised
    ? { vectors: normaliseStates(states), rows: unitRows(table) }
    : { vectors: states, rows: table };
}

/** Layer normalisation with gamma = s/√H and beta = 0: a state against its own unit row then scores at most s. */
function normaliseStates(states: tf.Tensor2D): tf.Tensor2D {
  const { mean, variance } = tf.moments(states, 1, true);
  const scale = NORMALISED_SCALE / Math.sqrt(states.shape[1]);
  const inverse = tf.mul(tf.rsqrt(tf.add(variance, NORM_EPSILON)), scale);
  return tf.mul(tf.sub(states, mean), inverse) as tf.Tensor2D;
}

function unitRows(rows: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(rows, tf.rsqrt(tf.add(tf.sum(tf.square(rows), 1, true), UNIT_EPSILON))) as tf.Tensor2D;
}

function runCell(spec: ModelSpec, cell: CellParameters, inputs: tf.Tensor2D, batch: StepBatch): tf.Tensor2D {
  const { batchSize: B, steps } = batch;
  const H = spec.hiddenUnits;
  const step = STEPS[spec.cell](cell, H);
  const states: tf.Tensor2D[] = [];
  let h: tf.Tensor2D = tf.zeros([B, H]);
  let c: tf.Tensor2D = tf.zeros([B, H]);
  for (let t = 0; t < steps; t++) {
    const columns = inputs.shape[1];
    const x = tf.slice(inputs, [t * B, 0], [B, columns]);
    [h, c] = step(x, h, c);
    if (batch.mask) {
      const mask = tf.slice(batch.mask, [t * B, 0], [B, 1]);
      h = tf.mul(h, mask) as tf.Tensor2D;
      if (spec.cell === 'lstm') c = tf.mul(c, mask) as tf.Tensor2D;
    }
    states.push(h);
  }
  return tf.concat(states, 0);
}

/** One step of a cell: x float32 [B, G·H] with bias, states [B, H] → the next states. */
type Step = (x: tf.Tensor2D, h: tf.Tensor2D, c: tf.Tensor2D) => [tf.Tensor2D, tf.Tensor2D];

const STEPS: Record<ModelSpec['cell'], (cell: CellParameters, H: number) => Step> = {
  simple: (cell) => (x, h, c) => [tf.tanh(tf.add(x, tf.matMul(h, cell.recurrentKernel))) as tf.Tensor2D, c],
  gru: (cell, H) => {
    const gates = tf.slice(cell.recurrentKernel, [0, 0], [H, 2 * H]);
    const candidate = tf.slice(cell.recurrentKernel, [0, 2 * H], [H, H]);
    return (x, h, c) => {
      const [xGates, xCandidate] = tf.split(x, [2 * H, H], 1) as [tf.Tensor2D, tf.Tensor2D];
      const zr = tf.sigmoid(tf.add(xGates, tf.matMul(h, gates)));
      const [z, r] = tf.split(zr, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
      const proposed = tf.tanh(tf.add(xCandidate, tf.matMul(tf.mul(r, h) as tf.Tensor2D, candidate)));
      return [tf.add(proposed, tf.mul(z, tf.sub(h, proposed))) as tf.Tensor2D, c];
    };
  },
  lstm: (cell) => (x, h, c) => {
    const gates = tf.add(x, tf.matMul(h, cell.recurrentKernel));
    const [i, f, g, o] = tf.split(gates, 4, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const next = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g))) as tf.Tensor2D;
    return [tf.mul(tf.sigmoid(o), tf.tanh(next)) as tf.Tensor2D, next];
  },
};

import { type ModelSpec, NORM_EPSILON, NORMALISED_SCALE } from '@pathcast/models/spec';
import { PADDING_ID } from '@pathcast/models/vocabulary';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batches.ts';
import type { CellTensors } from './cells.ts';
import type { Parameters } from './parameters.ts';
import { runCell, type StepBatch } from './recurrence.ts';

/** Keeps a unit row's division finite for a row of zeros; far below any row's squared length. */
const UNIT_EPSILON = 1e-12;

/**
 * Runs the cells over input rows. The same numbers as the exported layers graph, in fewer operations: all steps'
 * input products are one, and left padding costs one multiplication a step, since the state before it is zero.
 *
 * @param rows float32 [T·B, row width], the input rows of the batch's ids.
 * @returns the last layer's states, float32 [T·B, H].
 */
export function hiddenStates(
  spec: ModelSpec,
  cells: readonly CellTensors[],
  rows: tf.Tensor2D,
  batch: StepBatch,
): tf.Tensor2D {
  return cells.reduce((below, cell) => {
    const product = cell.kernel ? tf.matMul(below, cell.kernel) : below;
    return runCell(spec.cell, tf.add(product, cell.bias), cell.recurrentKernel, batch);
  }, rows);
}

/** 1 at a batch's inputs and 0 at its padding, float32 [T·B, 1]; undefined where nothing is padded. */
export function paddingMask({ ids }: Batch): tf.Tensor2D | undefined {
  if (!ids.includes(PADDING_ID)) return undefined;
  const mask = Float32Array.from(ids, (id) => (id === PADDING_ID ? 0 : 1));
  return tf.tensor2d(mask, [ids.length, 1]);
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

/** Layer normalisation of states float32 [N, H] with gamma = s/√H and beta = 0: a state against its own unit row then scores at most s. */
export function normaliseStates(states: tf.Tensor2D): tf.Tensor2D {
  const { mean, variance } = tf.moments(states, 1, true);
  const scale = NORMALISED_SCALE / Math.sqrt(states.shape[1]);
  const inverse = tf.mul(tf.rsqrt(tf.add(variance, NORM_EPSILON)), scale);
  return tf.mul(tf.sub(states, mean), inverse) as tf.Tensor2D;
}

/** Rows float32 [N, H] as unit vectors; differentiable once, in half of the operations that a recording takes. */
export function unitRows(rows: tf.Tensor2D): tf.Tensor2D {
  const compute = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor2D, tf.GradSaveFunc]; // how customGrad calls, which its type forgets
    const inverse = tf.rsqrt(tf.add(tf.sum(tf.square(x), 1, true), UNIT_EPSILON));
    const units = tf.mul(x, inverse);
    save([units, inverse]);
    return {
      value: units,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [unit, scale] = saved as [tf.Tensor, tf.Tensor]; // as saved above
        const along = tf.sum(tf.mul(dy, unit), 1, true);
        return tf.mul(tf.sub(dy, tf.mul(unit, along)), scale);
      },
    };
  });
  return compute(rows) as tf.Tensor2D;
}

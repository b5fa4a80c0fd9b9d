import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ModelSpec } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../user-error.ts';
import type { Batch } from './batches.ts';
import { batchLoss } from './objective.ts';
import { type Parameters, variablesOf } from './parameters.ts';

export interface FullBatchProgress {
  /** From 0 to `iterations`: how many updates came before this cost. */
  readonly iteration: number;
  readonly cost: number;
}

/**
 * Fits parameters to one batch again and again with TensorFlow 1's Adam, as the tutorial does; stop it by `return()`.
 * @param options.costScale turns the mean cross-entropy of a scored step into the recipe's cost.
 * @throws UserError when the cost turns NaN.
 */
export async function* fitFullBatch(
  spec: ModelSpec,
  parameters: Parameters,
  batch: Batch,
  options: { iterations: number; learningRate: number; costScale: number },
): AsyncGenerator<FullBatchProgress> {
  const { iterations, learningRate, costScale } = options;
  const optimizer = new TensorFlow1Adam(learningRate);
  const variables = variablesOf(parameters);
  const computeCost = () => tf.mul(batchLoss(spec, parameters, batch), costScale) as tf.Scalar;
  try {
    for (let iteration = 0; iteration <= iterations; iteration++) {
      await nextTurn(); // so that Ctrl-C is heard: on wasm, nothing else lets go of the process
      optimizer.prepare(iteration + 1);
      const scalar =
        iteration < iterations ? optimizer.minimize(computeCost, true, variables) : tf.tidy(computeCost);
      const cost = scalar ? ((await scalar.data())[0] ?? Number.NaN) : Number.NaN;
      scalar?.dispose();
      if (!Number.isFinite(cost)) {
        throw new UserError(`the cost is ${cost} at iteration ${iteration}: try a smaller --learning-rate`);
      }
      yield { iteration, cost };
    }
  } finally {
    optimizer.dispose();
  }
}

/**
 * Adam as TensorFlow 1 writes it: epsilon is added before the bias correction. Where gradients are of epsilon's size,
 * as with costs divided by 52,739 classes, its place decides the curve.
 * @see tf.train.AdamOptimizer, "epsilon hat" in section 2 of https://arxiv.org/abs/1412.6980
 */
class TensorFlow1Adam extends tf.AdamOptimizer {
  constructor(learningRate: number) {
    super(learningRate, 0.9, 0.999, 1e-8);
  }

  /** Call before step t, counted from 1. */
  prepare(t: number): void {
    this.epsilon = 1e-8 / Math.sqrt(1 - 0.999 ** t);
  }
}

import * as tf from '@tensorflow/tfjs-core';
import { orLost } from './backend.ts';
import type { TrainableGraph } from './graph.ts';
import type { Batch } from './lesson.ts';
import { crossEntropyRows } from './loss.ts';

/** Adam's, given by hand: tfjs would take WebGL's 1e-4 where it misjudges the GPU. */
const ADAM_EPSILON = 1e-7;

/** Updates a graph's variables by Adam, a batch a step. */
export interface Fitter {
  /**
   * Learns from a batch.
   * @param seeGradients is given each variable's gradient, before its update.
   * @returns the visitor's loss before the update, in nats a scored step.
   */
  step(batch: Batch, seeGradients?: (gradients: readonly tf.Tensor[]) => Promise<void>): Promise<number>;
  dispose(): void;
}

/** The graph stays the caller's; the caller disposes the fitter. */
export function createFitter(graph: TrainableGraph, learningRate: number): Fitter {
  const optimizer = tf.train.adam(learningRate, 0.9, 0.999, ADAM_EPSILON);
  return {
    async step(batch, seeGradients) {
      const { losses, gradients } = differentiate(graph, batch);
      try {
        await seeGradients?.(Object.values(gradients));
        optimizer.applyGradients(Object.entries(gradients).map(([name, tensor]) => ({ name, tensor })));
        const each = await orLost(() => losses.data<'float32'>());
        return each
          .subarray(0, batch.ownSteps)
          .reduce((sum, loss, step) => sum + loss * (batch.weights[step] ?? 0), 0);
      } finally {
        tf.dispose([losses, gradients]);
      }
    },
    dispose: () => optimizer.dispose(),
  };
}

function differentiate(graph: TrainableGraph, { rows, shape, weights, targets }: Batch) {
  const [batch, steps] = shape;
  const kept: { losses?: tf.Tensor1D } = {};
  const gradients = tf.tidy(() => {
    const { value, grads } = tf.variableGrads(() => {
      const logits = graph.logits(tf.tensor2d(rows, [batch, steps], 'int32'));
      const classes = logits.shape[2];
      const wanted = tf.tensor2d(distributions(targets, classes), [batch * steps, classes]);
      const losses = crossEntropyRows(tf.reshape(logits, [batch * steps, classes]), wanted);
      kept.losses = tf.keep(losses);
      return tf.sum(tf.mul(losses, tf.tensor1d(weights)));
    }, graph.variables);
    value.dispose();
    return grads;
  });
  if (!kept.losses) throw new RangeError('tfjs computed no loss');
  return { losses: kept.losses, gradients };
}

/** float32 [B·T, V]. */
function distributions(targets: Batch['targets'], classes: number): Float32Array {
  const all = new Float32Array(targets.length * classes);
  for (const [step, target] of targets.entries()) {
    if (typeof target === 'number') all[step * classes + target] = 1;
    else all.set(target, step * classes);
  }
  return all;
}

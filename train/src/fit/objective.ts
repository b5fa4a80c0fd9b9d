import type { ModelSpec } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random.ts';
import type { Batch } from './batches.ts';
import { hiddenStates, paddingMask, scoringVectors } from './forward.ts';
import type { Parameters } from './parameters.ts';
import { softmaxLoss } from './softmax-loss.ts';

/** Shares of values zeroed while training, 0 to below 1; the rest are scaled up to keep the mean. */
export interface Dropout {
  readonly rows: number;
  readonly states: number;
}

interface ObjectiveOptions {
  /** Only while training, with the stream of random numbers that it draws from. */
  readonly dropout?: Dropout;
  readonly random?: Random;
}

/** The logits of a batch's scored steps, float32 [S, V]. */
export function batchLogits(spec: ModelSpec, parameters: Parameters, batch: Batch): tf.Tensor2D {
  return tf.tidy(() => {
    const { vectors, rows } = scoringVectors(spec, parameters, scoredStates(spec, parameters, batch, {}));
    return tf.add(tf.matMul(vectors, rows, false, true), parameters.outputBias) as tf.Tensor2D;
  });
}

/** The mean cross-entropy of a batch's scored steps, in nats: a scalar. */
export function batchLoss(
  spec: ModelSpec,
  parameters: Parameters,
  batch: Batch,
  options: ObjectiveOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const { vectors, rows } = scoringVectors(
      spec,
      parameters,
      scoredStates(spec, parameters, batch, options),
    );
    return softmaxLoss(vectors, rows, parameters.outputBias, batch.targets);
  });
}

/** The last layer's states at the scored steps, float32 [S, H]. */
function scoredStates(
  spec: ModelSpec,
  parameters: Parameters,
  batch: Batch,
  { dropout, random }: ObjectiveOptions,
): tf.Tensor2D {
  const ids = tf.tensor1d(batch.ids, 'int32');
  const mask = paddingMask(batch);
  let rows = tf.gather(parameters.inputRows, ids) as tf.Tensor2D;
  if (dropout && random) rows = drop(rows, dropout.rows, random);
  const { steps, batchSize } = batch;
  const all = hiddenStates(spec, parameters.cells, rows, { mask, steps, batchSize });
  const states = tf.gather(all, tf.tensor1d(batch.positions, 'int32')) as tf.Tensor2D;
  return dropout && random ? drop(states, dropout.states, random) : states;
}

function drop(x: tf.Tensor2D, rate: number, random: Random): tf.Tensor2D {
  if (rate === 0) return x;
  // Drawn here, not by `tf.dropout`, so that one seed rules the run.
  const kept = 1 / (1 - rate);
  const mask = Float32Array.from({ length: x.size }, () => (random.next() < rate ? 0 : kept));
  return tf.mul(x, tf.tensor2d(mask, x.shape)) as tf.Tensor2D;
}

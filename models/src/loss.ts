import * as tf from '@tensorflow/tfjs-core';

/**
 * Cross-entropy of each step from logits, with a gradient that never passes through a clipped probability.
 *
 * @param logits float32 [N, V], before softmax.
 * @param targets int32 [N], token ids.
 * @returns float32 [N], in nats.
 */
function crossEntropies(logits: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor1D {
  const [rows, classes] = logits.shape;
  const compute = tf.customGrad((x, save) => {
    const input = x as tf.Tensor2D; // customGrad's type forgets the rank
    const saver = save as tf.GradSaveFunc;
    const positions = tf.stack([tf.range(0, rows, 1, 'int32'), targets], 1);
    const probabilities = tf.softmax(input);
    // A row's largest probability is at least 1/V, so its logarithm is exact where the target's would underflow.
    const logSumExp = tf.sub(tf.max(input, 1), tf.log(tf.max(probabilities, 1)));
    saver([probabilities, positions]);
    return {
      value: tf.sub(logSumExp, tf.gatherND(input, positions)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [kept, at] = saved as [tf.Tensor2D, tf.Tensor2D]; // as saved above
        // Not `oneHot`: on wasm, tfjs 4.22 writes integers into its float32 result.
        const hits = tf.scatterND(at, tf.ones([rows]), [rows, classes]);
        return tf.mul(tf.sub(kept, hits), tf.reshape(dy, [rows, 1]));
      },
    };
  });
  return compute(logits) as tf.Tensor1D;
}

/**
 * Averages the cross-entropy of each step over the steps whose weight is 1.
 *
 * @param logits float32 [B, T, V], before softmax.
 * @param targets int32 [B, T], token ids.
 * @param weights float32 [B, T], 0 or 1; padding and unscored steps are 0.
 * @returns a scalar, in nats a scored step; NaN never: an all-zero mask throws.
 * @throws RangeError when no step is scored or the shapes disagree.
 * @see tf.contrib.seq2seq.sequence_loss, whose averaging over both axes this follows.
 */
export function maskedSequenceLoss(
  logits: tf.Tensor3D,
  targets: tf.Tensor2D,
  weights: tf.Tensor2D,
): tf.Scalar {
  return tf.tidy(() => {
    const [batch, steps, classes] = logits.shape;
    for (const [name, { shape }] of Object.entries({ targets, weights })) {
      if (shape[0] !== batch || shape[1] !== steps) {
        throw new RangeError(
          `${name} has shape [${shape}], logits [${logits.shape}]: batch and steps must agree`,
        );
      }
    }
    const scored = tf.sum(weights).dataSync()[0] ?? 0;
    if (scored <= 0) throw new RangeError('no step is scored: every weight of the batch is 0');
    const n = batch * steps;
    const losses = crossEntropies(tf.reshape(logits, [n, classes]), tf.reshape(targets, [n]));
    return tf.div(tf.sum(tf.mul(losses, tf.reshape(weights, [n]))), scored);
  });
}

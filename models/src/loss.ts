import * as tf from '@tensorflow/tfjs-core';

/**
 * Cross-entropy of each row from logits, and what its gradient is made of. Nothing passes through a clipped probability.
 *
 * @param logits float32 [N, V], before softmax.
 * @param targets int32 [N], token ids.
 * @returns losses float32 [N], in nats; probabilities float32 [N, V]; hits int32 [N, 2], where the targets stand.
 */
export function crossEntropies(logits: tf.Tensor2D, targets: tf.Tensor1D) {
  const hits = tf.stack([tf.range(0, logits.shape[0], 1, 'int32'), targets], 1) as tf.Tensor2D;
  const probabilities = tf.softmax(logits);
  // A row's largest probability is at least 1/V, so its logarithm is exact where the target's would underflow.
  const logSumExp = tf.sub(tf.max(logits, 1), tf.log(tf.max(probabilities, 1)));
  return { losses: tf.sub(logSumExp, tf.gatherND(logits, hits)) as tf.Tensor1D, probabilities, hits };
}

/** The gradient of each row's cross-entropy by its logits, float32 [N, V]: probabilities, less 1 at the targets. */
export function crossEntropyGradient(probabilities: tf.Tensor2D, hits: tf.Tensor2D): tf.Tensor2D {
  // Not `oneHot`: on wasm, tfjs 4.22 writes integers into its float32 result.
  const ones = tf.scatterND(hits, tf.ones([hits.shape[0]]), probabilities.shape);
  return tf.sub(probabilities, ones) as tf.Tensor2D;
}

/** Each row's cross-entropy, float32 [N], differentiable once by the logits. */
function differentiableLosses(logits: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor1D {
  const compute = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor2D, tf.GradSaveFunc]; // how customGrad calls, which its type forgets
    const { losses, probabilities, hits } = crossEntropies(x, targets);
    save([probabilities, hits]);
    return {
      value: losses,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [kept, at] = saved as [tf.Tensor2D, tf.Tensor2D]; // as saved above
        return tf.mul(crossEntropyGradient(kept, at), tf.reshape(dy, [-1, 1]));
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
    const losses = differentiableLosses(tf.reshape(logits, [n, classes]), tf.reshape(targets, [n]));
    return tf.div(tf.sum(tf.mul(losses, tf.reshape(weights, [n]))), scored);
  });
}

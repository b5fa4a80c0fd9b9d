import * as tf from '@tensorflow/tfjs-core';

/**
 * Cross-entropy of each row against a distribution over the vocabulary, from logits, differentiable once by them.
 *
 * One loss for both lessons: a visitor's step has all its weight on one token, a rehearsed step the base's own
 * distribution. From few and plain operations, since each costs WebGL a shader.
 *
 * @param logits float32 [N, V], before softmax.
 * @param targets float32 [N, V]; each row sums to 1.
 * @returns float32 [N], in nats. The caller disposes it.
 */
export function crossEntropyRows(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D {
  const compute = tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor2D, tf.GradSaveFunc]; // how customGrad calls, which its type forgets
    const probabilities = tf.softmax(x);
    // A row's largest probability is at least 1/V, so its logarithm is exact where the target's would underflow.
    const logSumExp = tf.sub(tf.max(x, 1), tf.log(tf.max(probabilities, 1)));
    save([probabilities, targets]);
    return {
      value: tf.sub(logSumExp, tf.sum(tf.mul(targets, x), 1)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [kept, wanted] = saved as [tf.Tensor2D, tf.Tensor2D]; // as saved above
        return tf.mul(tf.sub(kept, wanted), tf.reshape(dy, [-1, 1]));
      },
    };
  });
  return compute(logits) as tf.Tensor1D;
}

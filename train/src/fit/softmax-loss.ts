import { crossEntropies, crossEntropyGradient } from '@pathcast/models/loss';
import * as tf from '@tensorflow/tfjs-core';

/** Logits held at a time, 32 MiB: of 4, 8 and 16 Mi the fastest for the tutorial's 800 states and 52,739 rows. */
const LOGITS_AT_ONCE = 8 << 20;

/**
 * The mean softmax cross-entropy of states against every row of a table.
 *
 * Equal to `maskedSequenceLoss` of their products, but never holds all logits: loss and gradient are computed together, some
 * states at a time: at 800 states and 52,739 rows, three quarters of the time and half of the memory.
 *
 * @param states float32 [S, H].
 * @param rows float32 [V, H].
 * @param bias float32 [V].
 * @param targets int32 [S], row numbers.
 * @returns a scalar, in nats a state, differentiable once by states, rows and bias.
 */
export function softmaxLoss(
  states: tf.Tensor2D,
  rows: tf.Tensor2D,
  bias: tf.Tensor1D,
  targets: Int32Array,
): tf.Scalar {
  const compute = tf.customGrad((...inputs) => {
    const save = inputs.pop() as tf.GradSaveFunc; // customGrad hands it over last
    const { loss, ...gradients } = lossAndGradients(states, rows, bias, targets);
    save([gradients.states, gradients.columns, gradients.bias]);
    return {
      value: loss,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [byStates, byColumns, byBias] = saved as [tf.Tensor, tf.Tensor, tf.Tensor]; // as saved above
        return [tf.mul(byStates, dy), tf.transpose(tf.mul(byColumns, dy)), tf.mul(byBias, dy)];
      },
    };
  });
  return compute(states, rows, bias) as tf.Scalar;
}

interface Sums {
  /** Scalar. */
  readonly loss: tf.Tensor;
  /** [H + 1, V]: by the table, transposed, and last by the bias. */
  readonly columns: tf.Tensor;
}

function lossAndGradients(
  states: tf.Tensor2D,
  rows: tf.Tensor2D,
  bias: tf.Tensor1D,
  targets: Int32Array,
): Sums & { states: tf.Tensor; bias: tf.Tensor } {
  const count = targets.length;
  const [V, H] = rows.shape;
  const columns = tf.transpose(rows);
  const share = Math.max(1, Math.floor(LOGITS_AT_ONCE / V));
  const byStates: tf.Tensor2D[] = [];
  let sums: Sums | undefined;
  for (let start = 0; start < count; start += share) {
    const n = Math.min(share, count - start);
    const part = tf.tidy(() => {
      const some = tf.slice(states, [start, 0], [n, H]);
      const logits = tf.add(tf.matMul(some, columns), bias) as tf.Tensor2D;
      const chosen = targets.subarray(start, start + n);
      const { losses, probabilities, hits } = crossEntropies(logits, tf.tensor1d(chosen, 'int32'));
      const loss = tf.div(tf.sum(losses), count);
      const byLogits = tf.div(crossEntropyGradient(probabilities, hits), count) as tf.Tensor2D;
      // A column of ones beside the states sums the bias's gradient within the same product.
      const extended = tf.concat([some, tf.ones([n, 1])], 1) as tf.Tensor2D;
      const byColumns = tf.matMul(extended, byLogits, true, false) as tf.Tensor;
      return {
        byStates: tf.matMul(byLogits, rows) as tf.Tensor2D,
        loss: sums ? tf.add(loss, sums.loss) : loss,
        columns: sums ? tf.add(byColumns, sums.columns) : byColumns,
      };
    });
    if (sums) tf.dispose([sums.loss, sums.columns]);
    byStates.push(part.byStates);
    sums = part;
  }
  if (!sums) throw new RangeError('no step is scored');
  return {
    loss: sums.loss,
    states: tf.concat(byStates, 0),
    columns: tf.slice(sums.columns, [0, 0], [H, V]),
    bias: tf.reshape(tf.slice(sums.columns, [H, 0], [1, V]), [V]),
  };
}

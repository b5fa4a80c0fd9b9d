import * as tf from '@tensorflow/tfjs-core';

/** Logits held at a time on a CPU, 4 MiB: they are read four times, and should still be in the cache. */
const LOGITS_AT_ONCE = 1 << 20;
/** States at a time at least: each time, the table is packed for the product again. */
const STATES_AT_ONCE = 128;

/** Keeps the logarithm finite: a state whose target is less likely shows as 87 nats. Its gradient knows no such bound. */
const LEAST_PROBABILITY = 1.2e-38;

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
 * @param logitsAtOnce how many logits to hold at a time, about.
 * @returns a scalar, in nats a state, differentiable once by states, rows and bias.
 */
export function softmaxLoss(
  states: tf.Tensor2D,
  rows: tf.Tensor2D,
  bias: tf.Tensor1D,
  targets: Int32Array,
  logitsAtOnce = LOGITS_AT_ONCE,
): tf.Scalar {
  const compute = tf.customGrad((...inputs) => {
    const save = inputs.pop() as tf.GradSaveFunc; // customGrad hands it over last
    const gradients = lossAndGradients(states, rows, bias, targets, logitsAtOnce);
    const [V, H] = rows.shape;
    save([gradients.states, gradients.rows]);
    return {
      value: gradients.loss,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [byStates, byRows] = saved as [tf.Tensor, tf.Tensor2D]; // as saved above
        return [
          tf.mul(byStates, dy),
          tf.mul(tf.slice(byRows, [0, 0], [V, H]), dy),
          tf.reshape(tf.mul(tf.slice(byRows, [0, H], [V, 1]), dy), [V]),
        ];
      },
    };
  });
  return compute(states, rows, bias) as tf.Scalar;
}

interface Gradients {
  /** Scalar. */
  readonly loss: tf.Tensor;
  /** [S, H]. */
  readonly states: tf.Tensor;
  /** [V, H + 1]: by the table, and last by the bias. */
  readonly rows: tf.Tensor;
}

function lossAndGradients(
  states: tf.Tensor2D,
  rows: tf.Tensor2D,
  bias: tf.Tensor1D,
  targets: Int32Array,
  logitsAtOnce: number,
): Gradients {
  const count = targets.length;
  if (count === 0) throw new RangeError('no step is scored');
  const [V, H] = rows.shape;
  // A one beside each state and the bias beside each row: one product adds the bias, and one sums its gradient.
  const vectors = tf.concat([states, tf.ones([count, 1])], 1) as tf.Tensor2D;
  const columns = tf.transpose(tf.concat([rows, tf.reshape(bias, [V, 1])], 1)) as tf.Tensor2D;
  const share = Math.max(STATES_AT_ONCE, Math.floor(logitsAtOnce / V));
  const losses: tf.Tensor[] = [];
  const expected: tf.Tensor2D[] = [];
  let byTable: tf.Tensor | undefined;
  for (let start = 0; start < count; start += share) {
    const n = Math.min(share, count - start);
    const part = tf.tidy(() => {
      const some = tf.slice(vectors, [start, 0], [n, H + 1]);
      const chosen = tf.tensor1d(targets.subarray(start, start + n), 'int32');
      const probabilities = tf.softmax(tf.matMul(some, columns)) as tf.Tensor2D;
      const hits = tf.stack([tf.range(0, n, 1, 'int32'), chosen], 1);
      const reached = tf.maximum(tf.gatherND(probabilities, hits), LEAST_PROBABILITY);
      const product = tf.matMul(probabilities, some, true, false) as tf.Tensor;
      return {
        loss: tf.neg(tf.sum(tf.log(reached))),
        expected: tf.matMul(probabilities, rows) as tf.Tensor2D,
        byTable: byTable ? tf.add(byTable, product) : product,
      };
    });
    byTable?.dispose();
    losses.push(part.loss);
    expected.push(part.expected);
    byTable = part.byTable;
  }
  // A softmax's gradient is its probabilities less one at the target: the ones are few, and taken off the products.
  const ids = tf.tensor1d(targets, 'int32');
  const byStates = tf.sub(tf.concat(expected, 0), tf.gather(rows, ids));
  const byRows = tf.sub(byTable as tf.Tensor, tf.unsortedSegmentSum(vectors, ids, V)); // one part at least
  return {
    loss: tf.div(tf.addN(losses), count),
    states: tf.div(byStates, count),
    rows: tf.div(byRows, count),
  };
}

import { maskedSequenceLoss } from '@pathcast/models/loss';
import * as tf from '@tensorflow/tfjs-core';
import type { HostBatch } from './batches.ts';
import { FineTuneError } from './errors.ts';
import type { TrainableGraph } from './graph.ts';

/** Adam's, given by hand: tfjs would take WebGL's 1e-4 where it misjudges the GPU. */
const ADAM_EPSILON = 1e-7;

export interface FitOptions {
  readonly steps: number;
  readonly learningRate: number;
  readonly targetLoss: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Updates a graph's variables a batch a step, and yields each step's loss before its update.
 *
 * Ends after `steps`, or when the mean loss of a whole pass is at most `targetLoss`. Owns and disposes everything that
 * it makes, however it is left; the graph stays the caller's.
 *
 * @throws FineTuneError when the loss is not finite; the signal's reason when it aborts.
 */
export async function* fitGraph(
  graph: TrainableGraph,
  host: readonly HostBatch[],
  { steps, learningRate, targetLoss, signal }: FitOptions,
): AsyncGenerator<number> {
  const optimizer = tf.train.adam(learningRate, 0.9, 0.999, ADAM_EPSILON);
  const batches = host.map(toTensors);
  try {
    const pass: number[] = [];
    for (let step = 0; step < steps; step++) {
      await breathe();
      signal?.throwIfAborted();
      const batch = batches[step % batches.length];
      if (!batch) throw new RangeError('there is nothing to learn from');
      const loss = await update(graph, optimizer, batch);
      if (!Number.isFinite(loss)) {
        throw new FineTuneError(`The loss became ${loss} at step ${step + 1}: try a smaller learningRate`);
      }
      yield loss;
      pass.push(loss);
      if (pass.length < batches.length) continue;
      if (pass.reduce((sum, value) => sum + value, 0) / pass.length <= targetLoss) return;
      pass.length = 0;
    }
  } finally {
    optimizer.dispose();
    tf.dispose(batches);
  }
}

type Batch = ReturnType<typeof toTensors>;

function toTensors({ ids, targets, weights, shape: [batch, steps] }: HostBatch) {
  return {
    ids: tf.tensor2d(ids, [batch, steps], 'int32'),
    targets: tf.tensor2d(targets, [batch, steps], 'int32'),
    weights: tf.tensor2d(weights, [batch, steps]),
  };
}

async function update(graph: TrainableGraph, optimizer: tf.Optimizer, batch: Batch): Promise<number> {
  const cost = optimizer.minimize(
    () => maskedSequenceLoss(graph.logits(batch.ids), batch.targets, batch.weights),
    true,
    graph.variables,
  );
  if (!cost) throw new FineTuneError('tfjs gave no cost back');
  try {
    const [loss = Number.NaN] = await cost.data();
    return loss;
  } finally {
    cost.dispose();
  }
}

/** Lets the page paint and answer its visitor; unlike a timer, it is not held back in a hidden tab. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const listener = () => {
      port1.close();
      resolve();
    };
    port1.addEventListener('message', listener, { once: true });
    port1.start();
    port2.postMessage(null);
  });
}

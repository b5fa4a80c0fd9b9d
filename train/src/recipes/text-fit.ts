import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ModelSpec } from '@pathcast/models/spec';
import { UNKNOWN_ID } from '@pathcast/models/vocabulary';
import type { ModelWeights } from '@pathcast/models/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { EncodedTexts } from '../data/encode-texts.ts';
import { type Batch, epochBatches, trainingWindows, Windows } from '../fit/batches.ts';
import { batchLoss } from '../fit/objective.ts';
import { createParameters, drawWeights, readParameters, variablesOf } from '../fit/parameters.ts';
import { createRandom, mixSeed, type Random } from '../random.ts';
import { UserError } from '../user-error.ts';

/** So that the unknown token learns to stand for any character. */
const UNKNOWN_RATE = 0.01;

/** Windows of at most `steps` inputs, end to end, each from a state of zeros: every label is scored once. */
export function textWindows({ sessions, inputs }: EncodedTexts, steps: number): Windows {
  return new Windows({ ...trainingWindows(sessions, steps).columns, inputs });
}

export interface TextFitOptions {
  readonly epochs: number;
  /** Epochs in a round. */
  readonly round: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Of the hidden state, 0 to below 1. */
  readonly dropout: number;
  readonly seed: number;
}

/** After a round of epochs. */
export interface FittedRound {
  /** The last of the round, from 1. */
  readonly epoch: number;
  /** Mean cross-entropy of the round's labels while they were learnt, in nats. */
  readonly loss: number;
  /** How many labels were learnt from. */
  readonly labels: number;
  readonly seconds: number;
  /** A copy, on the host. */
  readonly weights: ModelWeights;
}

/**
 * Fits a fresh model to windows, yielding after every round and at the end; stop it by `return()`. The tables of characters are small:
 * full softmax, and Adam over all weights, which took half of the epochs that the sparse Adagrad of large tables did.
 * @throws UserError when the loss turns NaN.
 */
export async function* fitTexts(
  spec: ModelSpec,
  windows: Windows,
  options: TextFitOptions,
): AsyncGenerator<FittedRound> {
  const { epochs, round, batchSize, learningRate, seed } = options;
  const drawn = drawWeights(spec, 'glorot', createRandom(seed));
  const parameters = createParameters(spec, drawn);
  const variables = variablesOf(parameters);
  const optimizer = new tf.AdamOptimizer(learningRate, 0.9, 0.999, 1e-8);
  const dropout = { rows: 0, states: options.dropout };
  try {
    let sum = 0;
    let labels = 0;
    let started = performance.now();
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const random = createRandom(mixSeed(seed, epoch));
      for (const chosen of epochBatches(windows, batchSize, random)) {
        await nextTurn(); // so that Ctrl-C is heard: on wasm, nothing else lets go of the process
        const batch = windows.batch(chosen);
        if (batch.targets.length === 0) continue;
        hideCharacters(batch, random);
        const cost = () => batchLoss(spec, parameters, batch, { dropout, random });
        const scalar = optimizer.minimize(cost, true, variables);
        const loss = scalar ? ((await scalar.data())[0] ?? Number.NaN) : Number.NaN;
        scalar?.dispose();
        if (!Number.isFinite(loss)) {
          throw new UserError(`the loss is ${loss} in epoch ${epoch}: try a smaller --learning-rate`);
        }
        sum += loss * batch.targets.length;
        labels += batch.targets.length;
      }
      if (epoch % round !== 0 && epoch !== epochs) continue;
      const seconds = (performance.now() - started) / 1000;
      yield {
        epoch,
        loss: sum / Math.max(1, labels),
        labels,
        seconds,
        weights: await readParameters(parameters),
      };
      [sum, labels, started] = [0, 0, performance.now()];
    }
  } finally {
    optimizer.dispose();
    tf.dispose(variables);
  }
}

function hideCharacters({ ids, positions }: Batch, random: Random): void {
  for (const position of positions) if (random.next() < UNKNOWN_RATE) ids[position] = UNKNOWN_ID;
}

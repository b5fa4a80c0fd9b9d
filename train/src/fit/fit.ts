import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ModelSpec } from '@pathcast/models/spec';
import { UNKNOWN_ID } from '@pathcast/models/vocabulary';
import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random.ts';
import { UserError } from '../user-error.ts';
import { type Batch, type Example, epochBatches } from './batches.ts';
import { batchLoss, type Dropout } from './objective.ts';
import { type Parameters, variablesOf } from './parameters.ts';

export interface FitOptions {
  readonly epochs: number;
  /** Sequences a step. */
  readonly batchSize: number;
  readonly learningRate: number;
  readonly dropout: Dropout;
  /** Share of input pages replaced by the unknown token, so that it learns to stand for any page. */
  readonly unknownRate: number;
}

/** After each optimiser step. */
export interface FitProgress {
  /** From 0. */
  readonly epoch: number;
  /** Scored events so far, over all epochs. */
  readonly events: number;
  /** Mean cross-entropy of the step's events, in nats. */
  readonly loss: number;
}

/** Each of the last epochs has this share of the learning rate of the one before it. */
const COOL_DOWN_EPOCHS = 2;
const COOL_DOWN = 0.3;

/**
 * Fits parameters to examples with full softmax and Adam, yielding after every step; stop it by `return()`.
 * @throws UserError when the loss turns NaN.
 */
export async function* fit(
  spec: ModelSpec,
  parameters: Parameters,
  examples: readonly Example[],
  options: FitOptions & { random: Random },
): AsyncGenerator<FitProgress> {
  const { epochs, batchSize, learningRate, dropout, unknownRate, random } = options;
  const optimizer = new ScheduledAdam(learningRate);
  const variables = variablesOf(parameters);
  let events = 0;
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      optimizer.setLearningRate(
        learningRate * COOL_DOWN ** Math.max(0, epoch - (epochs - 1 - COOL_DOWN_EPOCHS)),
      );
      for (const batch of epochBatches(examples, batchSize, random)) {
        await nextTurn(); // so that Ctrl-C is heard: on wasm, nothing else lets go of the process
        hideTokens(batch, unknownRate, random);
        const scalar = optimizer.minimize(
          () => batchLoss(spec, parameters, batch, { dropout, random }),
          true,
          variables,
        );
        const loss = scalar ? ((await scalar.data())[0] ?? Number.NaN) : Number.NaN;
        scalar?.dispose();
        if (!Number.isFinite(loss)) {
          throw new UserError(`the loss is ${loss} in epoch ${epoch + 1}: try a smaller --learning-rate`);
        }
        events += batch.targets.length;
        yield { epoch, events, loss };
      }
    }
  } finally {
    optimizer.dispose();
  }
}

/** tfjs's Adam with a learning rate that a schedule can set. */
class ScheduledAdam extends tf.AdamOptimizer {
  constructor(learningRate: number) {
    super(learningRate, 0.9, 0.999, 1e-8);
  }

  setLearningRate(learningRate: number): void {
    this.learningRate = learningRate;
  }
}

function hideTokens(batch: Batch, rate: number, random: Random): void {
  for (const position of batch.positions) {
    if (random.next() < rate) batch.ids[position] = UNKNOWN_ID;
  }
}

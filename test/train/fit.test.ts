import { loadBackend } from '@pathcast/train/backends/backend';
import { toBatch, trainingExamples } from '@pathcast/train/fit/batches';
import { type FitOptions, fit as fitSessions } from '@pathcast/train/fit/fit';
import { fitFullBatch } from '@pathcast/train/fit/full-batch';
import { createParameters } from '@pathcast/train/fit/parameters';
import { createRandom } from '@pathcast/train/random';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomModel, SPECS } from '../support/models.ts';

beforeAll(async () => {
  await loadBackend('wasm');
});

const SESSIONS = [
  [2, 3, 4, 5],
  [6, 3, 7, 8, 9],
  [10, 11],
];
const OPTIONS: FitOptions = {
  epochs: 4,
  batchSize: 2,
  learningRate: 0.01,
  dropout: { rows: 0.2, states: 0.2 },
  unknownRate: 0.05,
};

async function losses(seed: number): Promise<number[]> {
  const { spec, weights } = randomModel();
  const random = createRandom(seed);
  const steps = fitSessions(spec, createParameters(spec, weights), trainingExamples(SESSIONS, 8), {
    ...OPTIONS,
    random,
  });
  const seen: number[] = [];
  for await (const { loss } of steps) seen.push(loss);
  return seen;
}

describe('fit', () => {
  it('has the same losses for the same seed, and others for another', async () => {
    expect(await losses(5)).toEqual(await losses(5));
    expect(await losses(5)).not.toEqual(await losses(6));
  });

  it('leaves no tensor behind when it is stopped early', async () => {
    const { spec, weights } = randomModel();
    const parameters = createParameters(spec, weights);
    const before = tf.memory().numTensors;
    const steps = fitSessions(spec, parameters, trainingExamples(SESSIONS, 8), {
      ...OPTIONS,
      random: createRandom(1),
    });
    await steps.next();
    await steps.next();
    await steps.return(undefined);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('stops with a sentence when the loss is no number any more', async () => {
    const { spec, weights } = randomModel();
    weights.outputBias[5] = Number.NaN;
    const parameters = createParameters(spec, weights);
    const options = { ...OPTIONS, random: createRandom(1) };
    const first = fitSessions(spec, parameters, trainingExamples(SESSIONS, 8), options).next();
    await expect(first).rejects.toThrow('the loss is NaN in epoch 1: try a smaller --learning-rate');
  });
});

describe('one batch, again and again', () => {
  it.each(SPECS)('is learnt by heart: $title', async ({ spec: overrides }) => {
    const { spec, weights } = randomModel(overrides);
    const batch = toBatch(trainingExamples(SESSIONS, 8));
    const options = { iterations: 150, learningRate: 0.03, costScale: 1 };
    let last = Number.NaN;
    for await (const { cost } of fitFullBatch(spec, createParameters(spec, weights), batch, options))
      last = cost;
    expect(last).toBeLessThan(0.05);
  });
});

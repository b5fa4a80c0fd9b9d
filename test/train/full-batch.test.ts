import { loadBackend } from '@pathcast/train/backends/backend';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { trainingWindows } from '@pathcast/train/fit/batches';
import { fitFullBatch } from '@pathcast/train/fit/full-batch';
import { createParameters } from '@pathcast/train/fit/parameters';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomModel, SPECS } from '../support/models.ts';

beforeAll(async () => {
  await loadBackend('wasm');
});

const BATCH = trainingWindows(
  TokenSessions.of([
    [2, 3, 4, 5],
    [6, 3, 7, 8, 9],
    [10, 11],
  ]),
  8,
).whole();

describe('fitFullBatch', () => {
  it.each(SPECS.filter(({ spec }) => spec.layers === 1))(
    'learns a batch by heart: $title',
    async ({ spec: overrides }) => {
      const { spec, weights } = randomModel(overrides);
      const options = { iterations: 60, learningRate: 0.1, costScale: 1 };
      let last = Number.NaN;
      for await (const { cost } of fitFullBatch(spec, createParameters(spec, weights), BATCH, options))
        last = cost;
      expect(last).toBeLessThan(0.05);
    },
  );

  it('leaves no tensor behind when it is stopped early', async () => {
    const { spec, weights } = randomModel();
    const parameters = createParameters(spec, weights);
    const before = tf.memory().numTensors;
    const options = { iterations: 10, learningRate: 0.03, costScale: 1 };
    const run = fitFullBatch(spec, parameters, BATCH, options);
    await run.next();
    await run.next();
    await run.return(undefined);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('stops with a sentence when the cost is no number any more', async () => {
    const { spec, weights } = randomModel();
    weights.outputBias[5] = Number.NaN;
    const options = { iterations: 10, learningRate: 0.03, costScale: 1 };
    const run = fitFullBatch(spec, createParameters(spec, weights), BATCH, options);
    await expect(run.next()).rejects.toThrow('the cost is NaN at iteration 0: try a smaller --learning-rate');
  });
});

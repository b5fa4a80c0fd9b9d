import { loadBackend } from '@pathcast/train/backends/backend';
import { lastStepWindows } from '@pathcast/train/fit/batches';
import { allCandidates, sampledCandidates } from '@pathcast/train/fit/candidates';
import { createRandom } from '@pathcast/train/random';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportLayers, layersProbabilities } from '../support/layers.ts';
import { randomModel, SPECS } from '../support/models.ts';
import { plainLoss, slopes } from '../support/plain-loss.ts';
import { DRAWS, expectSlopes, pointOf, SESSIONS, SMALL, trainerOf, wholeBatch } from '../support/trainers.ts';

beforeAll(async () => {
  await loadBackend('wasm');
});

describe('the gradients of a step', () => {
  const cases = SMALL.flatMap((given) => Object.keys(DRAWS).map((against) => ({ ...given, against })));

  it.each(cases)('are the slopes of a loss in plain loops: $title, against $against', async (given) => {
    const model = randomModel(given.spec);
    const batch = wholeBatch();
    const draw = DRAWS[given.against] ?? allCandidates(9);
    const candidates = draw(batch.targets, createRandom(7));
    const found = await trainerOf(model, draw).trainer.gradients(batch, candidates);
    const point = pointOf(model, batch, candidates);
    const loss = () => plainLoss(model.spec, point, batch, candidates.targets);
    expect(found.loss).toBeCloseTo(loss(), 4);
    expectSlopes(found.inputs, slopes(loss, point.inputs), 'inputs');
    expectSlopes(found.rows, slopes(loss, point.rows), 'rows');
    expectSlopes(found.bias, slopes(loss, point.bias), 'bias');
    expect(found.cells).toHaveLength(point.cells.length);
    for (const [i, part] of point.cells.entries()) {
      expectSlopes(found.cells[i], slopes(loss, part), `cells[${i}]`);
    }
  });

  it('leave no tensor behind', async () => {
    const { trainer } = trainerOf(randomModel(SMALL[0]?.spec), allCandidates(9), { rowDropout: 0.5 });
    const before = tf.memory().numTensors;
    await trainer.step(wholeBatch(), 0.1, createRandom(1));
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the loss against all pages', () => {
  it.each(SPECS)('is the cross-entropy of the exported layers: $title', async ({ spec }) => {
    const model = randomModel(spec);
    const batch = lastStepWindows(SESSIONS).whole();
    const layers = await exportLayers(model);
    const padded = [
      [5, 2, 7, 7],
      [0, 0, 0, 8],
      [0, 6, 1, 3],
    ];
    const probabilities = layersProbabilities(layers, padded);
    layers.dispose();
    const losses = [3, 4, 5].map((target, row) => -Math.log(probabilities[row]?.[target] ?? 0));
    const draw = allCandidates(model.spec.vocabularySize);
    const candidates = draw(batch.targets, createRandom(1));
    const { loss } = await trainerOf(model, draw).trainer.gradients(batch, candidates);
    expect(loss).toBeCloseTo(losses.reduce((sum, each) => sum + each, 0) / 3, 4);
  });

  it('is that of sampled pages that happen to be all, in any order, uncorrected', async () => {
    const model = randomModel({ vocabularySize: 9 });
    const batch = wholeBatch();
    const { trainer } = trainerOf(model, allCandidates(9));
    const all = await trainer.gradients(batch, allCandidates(9)(batch.targets, createRandom(1)));
    const ids = Int32Array.of(8, 3, 5, 2, 7, 4, 6);
    const targets = batch.targets.map((id) => ids.indexOf(id));
    const some = await trainer.gradients(batch, { ids, logQ: new Float32Array(7), targets });
    expect(some.loss).toBeCloseTo(all.loss, 5);
    for (const [i, id] of ids.entries()) expect(some.bias[i]).toBeCloseTo(all.bias[id - 2] ?? 0, 5);
    for (const [i, value] of some.inputs.entries()) expect(value).toBeCloseTo(all.inputs[i] ?? 0, 5);
  });
});

describe('the loss against sampled pages', () => {
  /** Its mean, and that of its gradient by the inputs, over 100 draws. */
  async function meanOf(negatives: number) {
    const model = randomModel();
    const support = Uint32Array.from({ length: 40 }, (_, i) => 200 - 4 * i);
    const draw = sampledCandidates({ support, negatives, alpha: 0.5 });
    const batch = wholeBatch();
    const { trainer } = trainerOf(model, draw);
    const random = createRandom(11);
    const draws = 100;
    let loss = 0;
    let inputs: number[] = [];
    for (let i = 0; i < draws; i++) {
      const found = await trainer.gradients(batch, draw(batch.targets, random));
      loss += found.loss / draws;
      inputs = Array.from(found.inputs, (value, at) => (inputs[at] ?? 0) + value / draws);
    }
    const full = await trainer.gradients(batch, allCandidates(42)(batch.targets, random));
    const distance = Math.hypot(...inputs.map((value, at) => value - (full.inputs[at] ?? 0)));
    return { lossError: Math.abs(loss - full.loss), gradientError: distance / Math.hypot(...full.inputs) };
  }

  it('tends to the full one as they grow in number, and its gradient too', async () => {
    const [few, some, many] = [await meanOf(8), await meanOf(64), await meanOf(4096)];
    expect(some.lossError).toBeLessThan(few.lossError / 2);
    expect(some.gradientError).toBeLessThan(few.gradientError);
    expect(some.gradientError).toBeLessThan(0.1);
    expect(many.lossError).toBeLessThan(1e-4);
    expect(many.gradientError).toBeLessThan(1e-4);
  });
});

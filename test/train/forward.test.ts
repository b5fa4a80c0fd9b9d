import { loadBackend } from '@pathcast/train/backends/backend';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { lastStepWindows } from '@pathcast/train/fit/batches';
import { batchLogits, batchLoss } from '@pathcast/train/fit/objective';
import { createParameters, readParameters, variablesOf } from '@pathcast/train/fit/parameters';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportLayers, layersProbabilities } from '../support/layers.ts';
import { randomModel, SPECS, TABLES } from '../support/models.ts';

const SEQUENCES = [
  [5, 9, 3, 22],
  [7, 7],
  [40, 2, 31],
];
/** Each sequence, and a page to follow it. */
const batch = () => lastStepWindows(TokenSessions.of(SEQUENCES.map((ids, i) => [...ids, 10 + i]))).whole();

beforeAll(async () => {
  await loadBackend('wasm');
});

describe('training runs the graph that is exported', () => {
  it.each(SPECS)('$title', async ({ spec }) => {
    const model = randomModel(spec);
    const layers = await exportLayers(model);
    const padded = SEQUENCES.map((ids) => [...Array(4 - ids.length).fill(0), ...ids]);
    const expected = layersProbabilities(layers, padded);
    const parameters = createParameters(model.spec, model.weights);
    const logits = batchLogits(model.spec, parameters, batch());
    const ours = tf.softmax(logits).arraySync() as number[][]; // rank 2
    expect(ours).toHaveLength(3);
    for (const [row, probabilities] of ours.entries()) {
      for (const [id, probability] of probabilities.entries()) {
        expect(Math.abs(probability - (expected[row]?.[id] ?? 0))).toBeLessThan(2e-6);
      }
    }
    layers.dispose();
  });
});

describe('the loss', () => {
  it.each(SPECS)('has a gradient for every variable that finite differences confirm: $title', ({ spec }) => {
    const model = randomModel(spec);
    const parameters = createParameters(model.spec, model.weights);
    const loss = () => batchLoss(model.spec, parameters, batch());
    const { grads } = tf.variableGrads(loss, variablesOf(parameters));
    for (const variable of variablesOf(parameters)) {
      const gradient = Array.from(grads[variable.name]?.dataSync() ?? []);
      const at = gradient.indexOf(Math.max(...gradient));
      const values = variable.dataSync().slice();
      const epsilon = 1e-2;
      const moved = (by: number) => {
        const changed = values.slice();
        changed[at] = (changed[at] ?? 0) + by;
        variable.assign(tf.tensor(changed, variable.shape));
        return loss().dataSync()[0] ?? Number.NaN;
      };
      const difference = (moved(epsilon) - moved(-epsilon)) / (2 * epsilon);
      variable.assign(tf.tensor(values, variable.shape));
      expect(gradient[at]).toBeGreaterThan(0);
      expect(Math.abs((gradient[at] ?? 0) - difference)).toBeLessThan(2e-3 + 0.03 * difference);
    }
  });

  it('leaks no tensor', () => {
    const model = randomModel();
    const parameters = createParameters(model.spec, model.weights);
    const before = tf.memory().numTensors;
    batchLoss(model.spec, parameters, batch()).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('parameters', () => {
  it('come back from the backend as they went in', async () => {
    const { spec, weights } = randomModel({ cell: 'lstm', layers: 2, ...TABLES['one-hot'] });
    const read = await readParameters(createParameters(spec, weights));
    expect(read).toEqual(weights);
  });
});

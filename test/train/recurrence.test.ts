import { CELLS, type Cell, GATES } from '@pathcast/models/spec';
import { loadBackend } from '@pathcast/train/backends/backend';
import { runCell } from '@pathcast/train/fit/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await loadBackend('wasm');
});

const STEPS = 4;
const BATCH = 3;
const UNITS = 5;

/** The second sequence lacks its first step, the third its first three. */
const PADDED = [
  [1, 0, 0],
  [1, 1, 0],
  [1, 1, 0],
  [1, 1, 1],
];

function problem(type: Cell, isPadded: boolean) {
  const columns = GATES[type] * UNITS;
  const matrix = (rows: number, width: number, seed: number) =>
    tf.randomNormal<tf.Rank.R2>([rows, width], 0, 0.7, 'float32', seed);
  return {
    type,
    inputs: matrix(STEPS * BATCH, columns, 1),
    kernel: matrix(UNITS, columns, 2),
    mask: isPadded ? tf.tensor2d(PADDED.flat(), [STEPS * BATCH, 1]) : undefined,
    /** The gradient by the states. */
    dy: matrix(STEPS * BATCH, UNITS, 3),
  };
}

type Problem = ReturnType<typeof problem>;

function ours({ type, inputs, kernel, mask, dy }: Problem) {
  const batch = { mask, steps: STEPS, batchSize: BATCH };
  const states = runCell(type, inputs, kernel, batch);
  const [byInputs, byKernel] = tf.grads((x, k) =>
    tf.sum(tf.mul(runCell(type, x as tf.Tensor2D, k as tf.Tensor2D, batch), dy)),
  )([inputs, kernel]);
  return [states, byInputs, byKernel];
}

/** The same by the cells of tfjs layers, step by step, and tfjs's own gradients of each operation. */
function layersOracle({ type, inputs, kernel, mask, dy }: Problem) {
  const columns = GATES[type] * UNITS;
  const config = {
    units: UNITS,
    kernelInitializer: 'glorotUniform' as const,
    recurrentInitializer: 'glorotUniform' as const,
  };
  const cell = {
    simple: () => layers.simpleRNNCell(config),
    gru: () => layers.gruCell({ ...config, recurrentActivation: 'sigmoid' }),
    lstm: () => layers.lstmCell({ ...config, recurrentActivation: 'sigmoid' }),
  }[type]();
  cell.build([BATCH, columns]);
  cell.setWeights([tf.eye(columns), kernel, tf.zeros([columns])]);
  const run = (x: tf.Tensor) => {
    const states: tf.Tensor[] = [];
    let carried: tf.Tensor[] = Array.from({ length: type === 'lstm' ? 2 : 1 }, () =>
      tf.zeros([BATCH, UNITS]),
    );
    for (let t = 0; t < STEPS; t++) {
      const called = cell.call([tf.slice(x, t * BATCH, BATCH), ...carried], {});
      const inside = mask && tf.slice(mask, t * BATCH, BATCH);
      carried = (called as tf.Tensor[]).slice(1).map((part) => (inside ? tf.mul(part, inside) : part)); // a cell gives a list
      states.push(carried[0] ?? tf.scalar(Number.NaN));
    }
    return tf.concat(states);
  };
  const loss = (x: tf.Tensor) => tf.sum(tf.mul(run(x), dy)) as tf.Scalar;
  const variable = cell.trainableWeights[1]?.read() as tf.Variable; // a layer's weight reads as its variable
  const { grads } = tf.variableGrads(() => loss(inputs), [variable]);
  return [run(inputs), tf.grad(loss)(inputs), grads[variable.name]];
}

describe('runCell', () => {
  const cases = CELLS.flatMap((type) => [true, false].map((isPadded) => ({ type, isPadded })));

  it.each(cases)('has the states and gradients of tfjs layers: $type, padded $isPadded', (given) => {
    const posed = problem(given.type, given.isPadded);
    const expected = layersOracle(posed);
    for (const [i, found] of ours(posed).entries()) {
      expect(found?.shape).toEqual(expected[i]?.shape);
      const oracle = expected[i]?.dataSync() ?? [];
      for (const [j, value] of (found?.dataSync() ?? new Float32Array()).entries()) {
        expect(Math.abs(value - (oracle[j] ?? Number.NaN))).toBeLessThan(1e-5);
      }
    }
  });

  it.each(CELLS)('gives zeros at padding, and nothing to its inputs: %s', (type) => {
    const [states, byInputs] = ours(problem(type, true)).map((tensor) => tensor?.arraySync() as number[][]); // rank 2
    for (const [at, inside] of PADDED.flat().entries()) {
      expect(states?.[at]?.every((value) => value === 0)).toBe(inside === 0);
      expect(byInputs?.[at]?.every((value) => value === 0)).toBe(inside === 0);
    }
  });

  it.each(cases)('leaks no tensor: $type, padded $isPadded', ({ type, isPadded }) => {
    const { inputs, kernel, mask } = problem(type, isPadded);
    const before = tf.memory().numTensors;
    const { value, grads } = tf.tidy(() =>
      tf.valueAndGrads((x, k) =>
        tf.sum(runCell(type, x as tf.Tensor2D, k as tf.Tensor2D, { mask, steps: STEPS, batchSize: BATCH })),
      )([inputs, kernel]),
    );
    expect(tf.memory().numTensors).toBe(before + 3);
    tf.dispose([value, ...grads]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

import { maskedSequenceLoss } from '@pathcast/models/loss';
import { loadBackend } from '@pathcast/train/backends/backend';
import { softmaxLoss } from '@pathcast/train/fit/softmax-loss';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await loadBackend('wasm');
});

/** More logits than are held at a time, so that the sum runs over several parts. */
const STATES = 300;
const ROWS = 30_000;
const UNITS = 3;

function problem() {
  const states = tf.randomNormal<tf.Rank.R2>([STATES, UNITS], 0, 1, 'float32', 1);
  const rows = tf.randomNormal<tf.Rank.R2>([ROWS, UNITS], 0, 1, 'float32', 2);
  const bias = tf.randomNormal<tf.Rank.R1>([ROWS], 0, 1, 'float32', 3);
  const targets = Int32Array.from({ length: STATES }, (_, i) => (i * 7919) % ROWS);
  return { states, rows, bias, targets };
}

describe('softmaxLoss', () => {
  it('is the masked sequence loss of the whole product, gradients included', () => {
    const { states, rows, bias, targets } = problem();
    const whole = (...inputs: tf.Tensor[]) => {
      const [s, r, b] = inputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D]; // as given below
      const logits = tf.add(tf.matMul(s, tf.transpose(r)), b);
      return maskedSequenceLoss(
        tf.reshape(logits, [1, STATES, ROWS]),
        tf.tensor2d(targets, [1, STATES], 'int32'),
        tf.ones([1, STATES]),
      );
    };
    const parts = (...inputs: tf.Tensor[]) => {
      const [s, r, b] = inputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D]; // as given below
      return tf.mul(softmaxLoss(s, r, b, targets), 1) as tf.Scalar;
    };
    const expected = tf.valueAndGrads(whole)([states, rows, bias]);
    const found = tf.valueAndGrads(parts)([states, rows, bias]);
    expect(found.value.dataSync()[0]).toBeCloseTo(expected.value.dataSync()[0] ?? Number.NaN, 4);
    for (const [i, gradient] of expected.grads.entries()) {
      const difference = tf.max(tf.abs(tf.sub(gradient, found.grads[i] ?? 0))).dataSync()[0];
      const largest = tf.max(tf.abs(gradient)).dataSync()[0] ?? 0;
      expect(difference).toBeLessThan(1e-4 * largest);
    }
  });

  it('leaks nothing, and refuses a batch without a scored step', () => {
    const { states, rows, bias, targets } = problem();
    const before = tf.memory().numTensors;
    softmaxLoss(states, rows, bias, targets).dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(() => softmaxLoss(tf.zeros([0, UNITS]), rows, bias, new Int32Array())).toThrow(
      'no step is scored',
    );
  });
});

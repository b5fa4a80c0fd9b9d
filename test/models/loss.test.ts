import '@tensorflow/tfjs';
import { maskedSequenceLoss } from '@pathcast/models/loss';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

const logits = [
  [
    [2, 0, 0],
    [0, 1, 0],
  ],
  [
    [0, 0, 0],
    [9, 9, -9],
  ],
];
const targets = [
  [0, 2],
  [1, 0],
];

function loss(weights: number[][], x = tf.tensor3d(logits)): number {
  return (
    maskedSequenceLoss(x, tf.tensor2d(targets, [2, 2], 'int32'), tf.tensor2d(weights)).dataSync()[0] ??
    Number.NaN
  );
}

describe('maskedSequenceLoss', () => {
  it('averages the cross-entropies of the scored steps, worked by hand', () => {
    const first = Math.log(Math.exp(2) + 2) - 2;
    const second = Math.log(Math.E + 2);
    const third = Math.log(3);
    expect(
      loss([
        [1, 1],
        [1, 0],
      ]),
    ).toBeCloseTo((first + second + third) / 3, 5);
    expect(
      loss([
        [0, 0],
        [1, 0],
      ]),
    ).toBeCloseTo(third, 5);
  });

  it('stays finite where a probability underflows', () => {
    const extreme = tf.tensor3d([
      [
        [500, -500],
        [0, 0],
      ],
    ]);
    const value = maskedSequenceLoss(
      extreme,
      tf.tensor2d([[1, 0]], [1, 2], 'int32'),
      tf.tensor2d([[1, 0]]),
    ).dataSync()[0];
    expect(value).toBeCloseTo(1000, 2);
  });

  it('has the gradient that finite differences give', () => {
    const weights = [
      [1, 0],
      [1, 1],
    ];
    const gradient = tf
      .grad((x) =>
        maskedSequenceLoss(x as tf.Tensor3D, tf.tensor2d(targets, [2, 2], 'int32'), tf.tensor2d(weights)),
      )(tf.tensor3d(logits))
      .dataSync();
    const flat = logits.flat(2);
    const epsilon = 1e-2;
    for (const i of flat.keys()) {
      const moved = (by: number) =>
        loss(
          weights,
          tf.tensor3d(
            flat.map((value, j) => (i === j ? value + by : value)),
            [2, 2, 3],
          ),
        );
      expect(gradient[i]).toBeCloseTo((moved(epsilon) - moved(-epsilon)) / (2 * epsilon), 3);
    }
  });

  it('refuses a mask of zeros, and shapes that disagree', () => {
    expect(() =>
      loss([
        [0, 0],
        [0, 0],
      ]),
    ).toThrow('no step is scored');
    expect(() =>
      loss([
        [1, 1, 1],
        [1, 1, 1],
      ]),
    ).toThrow('weights has shape');
  });
});

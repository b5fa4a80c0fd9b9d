import { largest, softmax, topOf } from '@pathcast/models/predictor/ranking';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('the largest values', () => {
  it('are those of a stable sort, ties included', () => {
    const values = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 80 });
    fc.assert(
      fc.property(values, fc.nat(90), (list, k) => {
        const sorted = [...list.keys()].sort((a, b) => (list[b] ?? 0) - (list[a] ?? 0));
        expect(largest(list, k)).toEqual(sorted.slice(0, k));
      }),
    );
  });
});

describe('the top of probabilities', () => {
  it('is never padding or the unknown token, even where nothing else has any', () => {
    expect(topOf(new Float32Array(5), 3).map(({ id }) => id)).toEqual([2, 3, 4]);
  });
});

describe('a softmax', () => {
  it('divides the logits by the temperature', () => {
    // e^(ln 9 / 2) = 3.
    const [likely, unlikely] = softmax(Float32Array.of(Math.log(9), 0), 2);
    expect(likely).toBeCloseTo(0.75, 6);
    expect(unlikely).toBeCloseTo(0.25, 6);
  });
});

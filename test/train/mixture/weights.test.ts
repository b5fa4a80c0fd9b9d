import { fitWeights, logLikelihood, meanWeights } from '@pathcast/train/mixture/weights';
import { describe, expect, it } from 'vitest';

/** 100 steps of bin 3: 60 that only the recurrent model can explain, 40 that only rules can. */
const EITHER = {
  bins: new Uint8Array(100).fill(3),
  parts: [
    Float32Array.from({ length: 100 }, (_, i) => (i < 60 ? 0.5 : 1e-20)),
    Float32Array.from({ length: 100 }, (_, i) => (i < 60 ? 0 : 0.5)),
    undefined,
  ],
} as const;

describe('the weights of a mixture', () => {
  it('are the shares of the steps that each part explains, shrunk to equal weights, as worked by hand', () => {
    const weights = fitWeights(EITHER);
    // 50 prior steps, half of them each part's: (60 + 25) / 150.
    expect(weights[0]).toBeCloseTo(85 / 150, 5);
    expect(weights[1]).toBeCloseTo(65 / 150, 5);
    // The bin of all steps has 200 more that vote as all do: (60 + 200 × 85 / 150) / 300.
    expect(weights[3 * 3]).toBeCloseTo((60 + (200 * 85) / 150) / 300, 5);
    expect([2, 5, 11].map((at) => weights[at])).toEqual([0, 0, 0]);
  });

  it('differ by support bin', () => {
    const bins = Uint8Array.from({ length: 100 }, (_, i) => (i < 60 ? 1 : 9));
    const weights = fitWeights({ ...EITHER, bins });
    expect(weights[3]).toBeCloseTo((60 + (200 * 85) / 150) / 260, 5);
    expect(weights[27]).toBeCloseTo((200 * 85) / 150 / 240, 5);
  });

  it('do not change where a part is silent: such steps say nothing of it', () => {
    const silent = (part: Float32Array, value: number) => Float32Array.of(...part, ...Array(50).fill(value));
    const weights = fitWeights({
      bins: new Uint8Array(150).fill(3),
      parts: [silent(EITHER.parts[0], 0.1), silent(EITHER.parts[1], Number.NaN), undefined],
    });
    expect(weights[0]).toBeCloseTo(85 / 150, 4);
  });

  it('are fitted on the steps asked for', () => {
    const weights = fitWeights(EITHER, [0, 1, 2, 3, 4]);
    expect(weights[0]).toBeCloseTo(30 / 55, 5);
  });

  it('make targets likelier than any other weights of a grid', () => {
    const random = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43758.5453) % 1;
    const column = (salt: number) =>
      Float32Array.from({ length: 4000 }, (_, i) => random(i * 3 + salt) ** salt);
    const observed = {
      bins: new Uint8Array(4000).fill(2),
      parts: [column(1), column(2), column(3)] as const,
    };
    const lossOf = (weights: Float32Array) =>
      observed.bins.reduce((sum, _, step) => sum - logLikelihood(observed, weights, step), 0);
    const fitted = lossOf(fitWeights(observed));
    for (let a = 0.05; a < 1; a += 0.05) {
      for (let b = 0; a + b <= 1; b += 0.05) {
        const row = [a, b, 1 - a - b];
        expect(fitted).toBeLessThan(lossOf(Float32Array.from({ length: 48 }, (_, i) => row[i % 3] ?? 0)) + 2);
      }
    }
  });
});

describe('the mean weights', () => {
  it('share a silent part’s weight out', () => {
    const weights = Float32Array.from({ length: 48 }, (_, i) => [0.5, 0.3, 0.2][i % 3] ?? 0);
    const parts = [
      Float32Array.of(0.1, 0.1),
      Float32Array.of(0.1, Number.NaN),
      Float32Array.of(0.1, 0.1),
    ] as const;
    const [recurrent, rules, neighbours] = meanWeights({ bins: new Uint8Array(2), parts }, weights);
    expect(recurrent).toBeCloseTo((0.5 + 0.5 / 0.7) / 2, 6);
    expect(rules).toBeCloseTo(0.15, 6);
    expect(neighbours).toBeCloseTo((0.2 + 0.2 / 0.7) / 2, 6);
  });
});

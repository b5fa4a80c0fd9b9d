import { SparseScores } from '@pathcast/models/predictor/candidates';
import { ruleCandidates } from '@pathcast/models/predictor/rules';
import { describe, expect, it } from 'vitest';

// Page 2 leads to 3 (2 transitions) and 4 (½); page 3 to 4 (1) and 2 (½); page 4 to nothing, 5 was never seen.
const RULES = {
  returns: new Float32Array(200),
  offsets: Uint32Array.of(0, 0, 0, 2, 4, 4, 4),
  successors: Uint32Array.of(3, 4, 4, 2),
  counts: Float32Array.of(2, 0.5, 1, 0.5),
};

function candidates(history: number[], historyDecay: number): Record<number, number> {
  const { ids, probabilities } = ruleCandidates({ ...RULES, historyDecay }, history, new SparseScores(6));
  return Object.fromEntries(Array.from(ids, (id, i) => [id, probabilities[i] ?? 0]));
}

describe('the rules of a history', () => {
  it('are those of the current page alone where older pages count for nothing', () => {
    const found = candidates([2, 3], 0);
    expect(found[4]).toBeCloseTo(2 / 3, 6);
    expect(found[2]).toBeCloseTo(1 / 3, 6);
    expect(Object.keys(found)).toHaveLength(2);
  });

  it('weigh pages by age and by evidence, as worked by hand', () => {
    // Page 3, now: n = 1.5, so n / (n + 5) = 0.2308, shared out 2 : 1 → 4: 0.1538, 2: 0.0769.
    // Page 2, a step ago: n = 2.5, half of 0.3333, shared out 4 : 1 → 3: 0.1333, 4: 0.0333. All: 0.3974.
    const found = candidates([2, 3], 0.5);
    expect(found[4]).toBeCloseTo(0.471, 4);
    expect(found[3]).toBeCloseTo(0.3355, 4);
    expect(found[2]).toBeCloseTo(0.1935, 4);
  });

  it('come from older pages where the current one has none, or is unknown', () => {
    for (const current of [1, 4]) expect(candidates([2, current], 0.5)[3]).toBeCloseTo(0.8, 6);
  });

  it('leave visits that come back to a page of their own their share, as worked by hand', () => {
    // Of visits of two pages that did not come back yet: 10 % to the newest, 20 % to the one before. What is left, 70 %,
    // is shared out 2 : 1 to pages 4 and 2 → 4: 0.4667, 2: 0.2333 + 0.2, 3: 0.1.
    const returns = new Float32Array(200);
    returns.set([0.1, 0.2], 10);
    const { ids, probabilities } = ruleCandidates(
      { ...RULES, returns, historyDecay: 0 },
      [2, 3],
      new SparseScores(6),
    );
    const found = new Map(Array.from(ids, (id, i) => [id, probabilities[i] ?? 0]));
    expect(found.get(4)).toBeCloseTo(0.4667, 4);
    expect(found.get(2)).toBeCloseTo(0.4333, 4);
    expect(found.get(3)).toBeCloseTo(0.1, 4);
  });

  it('are none for pages that nobody saw', () => {
    expect(candidates([], 0.5)).toEqual({});
    expect(candidates([1, 1], 0.5)).toEqual({});
    expect(candidates([5], 0.5)).toEqual({});
  });

  it('leave no trace of one history in the next', () => {
    const scores = new SparseScores(6);
    const first = ruleCandidates({ ...RULES, historyDecay: 0.5 }, [2, 3], scores);
    ruleCandidates({ ...RULES, historyDecay: 0.5 }, [2], scores);
    expect(ruleCandidates({ ...RULES, historyDecay: 0.5 }, [2, 3], scores)).toEqual(first);
  });
});

import { allCandidates, sampledCandidates } from '@pathcast/train/fit/candidates';
import { createRandom } from '@pathcast/train/random';
import { describe, expect, it } from 'vitest';

/** Of ids 2 to 9. */
const SUPPORT = Uint32Array.of(400, 200, 100, 60, 30, 9, 1, 0);
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

describe('sampled candidates', () => {
  it('hold each id once, the targets first found where they are pointed at', () => {
    const draw = sampledCandidates({ support: SUPPORT, negatives: 20, alpha: 0.5 });
    const random = createRandom(1);
    const targets = Int32Array.of(5, 2, 5, 8);
    for (let i = 0; i < 50; i++) {
      const { ids, logQ, targets: places } = draw(targets, random);
      expect(new Set(ids).size).toBe(ids.length);
      expect(logQ).toHaveLength(ids.length);
      expect(Array.from(places, (place) => ids[place])).toEqual([5, 2, 5, 8]);
    }
  });

  it('know nothing of the draw before', () => {
    const draw = sampledCandidates({ support: SUPPORT, negatives: 3, alpha: 0.5 });
    draw(Int32Array.of(5, 2, 7), createRandom(1));
    const again = draw(Int32Array.of(2), createRandom(2));
    const fresh = sampledCandidates({ support: SUPPORT, negatives: 3, alpha: 0.5 });
    expect(again).toEqual(fresh(Int32Array.of(2), createRandom(2)));
  });

  it.each([0, 0.5, 1])('are drawn by support to the power %d, and never where it is 0', (alpha) => {
    const draw = sampledCandidates({ support: SUPPORT, negatives: 1, alpha });
    const random = createRandom(3);
    const seen = new Float64Array(SUPPORT.length);
    const draws = 40_000;
    for (let i = 0; i < draws; i++) {
      const id = draw(new Int32Array(), random).ids[0] ?? 0;
      seen[id - 2] = (seen[id - 2] ?? 0) + 1;
    }
    const weights = Array.from(SUPPORT, (count) => (count === 0 ? 0 : count ** alpha));
    expect(seen[7]).toBe(0);
    const chiSquare = sum(
      weights.slice(0, 7).map((weight, i) => {
        const expected = (draws * weight) / sum(weights);
        return ((seen[i] ?? 0) - expected) ** 2 / expected;
      }),
    );
    // 6 degrees of freedom: 22.5 is exceeded once in a thousand seeds.
    expect(chiSquare).toBeLessThan(22.5);
  });

  it('say with logQ how likely an id is among them', () => {
    const negatives = 6;
    const alpha = 0.75;
    const draw = sampledCandidates({ support: SUPPORT, negatives, alpha });
    const { ids, logQ } = draw(Int32Array.of(2, 2, 9), createRandom(4));
    const weights = Array.from(SUPPORT, (count) => (count === 0 ? 0 : count ** alpha));
    for (const [i, id] of ids.entries()) {
      const byDraw = (weights[id - 2] ?? 0) / sum(weights);
      const byTarget = (SUPPORT[id - 2] ?? 0) / sum(SUPPORT);
      expect(logQ[i]).toBeCloseTo(Math.log(1 - Math.exp(-(negatives * byDraw + 3 * byTarget))), 5);
    }
  });

  it('are there as often as logQ says, when targets come by their support', () => {
    const support = Uint32Array.from({ length: 60 }, (_, i) => 1000 - 16 * i);
    const draw = sampledCandidates({ support, negatives: 12, alpha: 0.5 });
    const random = createRandom(5);
    const pages = Array.from(support).flatMap((count, i) => Array<number>(count).fill(i + 2));
    const seen = new Float64Array(62);
    const logQs = new Float64Array(62);
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const targets = Int32Array.from(
        { length: 4 },
        () => pages[Math.floor(random.next() * pages.length)] ?? 0,
      );
      const { ids, logQ } = draw(targets, random);
      for (const [at, id] of ids.entries()) {
        seen[id] = (seen[id] ?? 0) + 1;
        logQs[id] = logQ[at] ?? 0;
      }
    }
    for (let id = 2; id < 62; id++) {
      const share = (seen[id] ?? 0) / draws;
      const spread = Math.sqrt((share * (1 - share)) / draws);
      // Draws are taken as independent events: at odds of a few percent that is 2 % off at most.
      expect(Math.abs(share - Math.exp(logQs[id] ?? 0))).toBeLessThan(5 * spread + 0.02 * share);
    }
  });
});

describe('all candidates', () => {
  it('are the ids that are tokens, uncorrected', () => {
    const { ids, logQ, targets } = allCandidates(6)(Int32Array.of(5, 2, 5), createRandom(1));
    expect([...ids]).toEqual([2, 3, 4, 5]);
    expect([...logQ]).toEqual([0, 0, 0, 0]);
    expect([...targets]).toEqual([3, 0, 3]);
  });
});

import { loadBackend } from '@pathcast/train/backends/backend';
import { evaluateMarkov, evaluatePopularity, lastStepsOf, stepsOf } from '@pathcast/train/evaluate/baselines';
import { rankOf } from '@pathcast/train/evaluate/pack';
import { RankingTally } from '@pathcast/train/evaluate/ranking';
import { evaluateRecurrent } from '@pathcast/train/evaluate/recurrent';
import { scoringExamples, trainingExamples } from '@pathcast/train/fit/batches';
import { createParameters } from '@pathcast/train/fit/parameters';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportLayers, layersProbabilities } from '../support/layers.ts';
import { randomModel } from '../support/models.ts';

// Ids 2 to 6 are pages; worked by hand below.
const TRAIN = [
  [2, 3, 4],
  [2, 3, 5],
  [2, 4],
];
const TEST = [
  [2, 3], // after 2: 3 twice, 4 once → rank 1
  [3, 5], // after 3: 4 and 5 once each, a tie → rank 2
  [4, 2], // nothing ever followed 4 → last of 5 pages
];

describe('the baselines', () => {
  it('rank a first-order Markov chain, ties against it, as worked by hand', () => {
    const { predictions, recallAt1, recallAt5, mrrAt20 } = evaluateMarkov(TRAIN, stepsOf(TEST), 7);
    expect(predictions).toBe(3);
    expect(recallAt1).toBeCloseTo(1 / 3);
    expect(recallAt5).toBe(1);
    expect(mrrAt20).toBeCloseTo((1 + 1 / 2 + 1 / 5) / 3);
  });

  it('rank popularity, ties against it, as worked by hand', () => {
    // Counts: page 2 three times, 3 and 4 twice, 5 once, 6 never. Targets 3 (rank 3), 5 (rank 4), 2 (rank 1).
    const { recallAt1, mrrAt20 } = evaluatePopularity(TRAIN, stepsOf(TEST), 7);
    expect(recallAt1).toBeCloseTo(1 / 3);
    expect(mrrAt20).toBeCloseTo((1 / 3 + 1 / 4 + 1) / 3);
  });

  it('leave out targets that are no token', () => {
    expect(stepsOf([[2, 1, 3]])).toEqual([{ current: 1, target: 3 }]);
    expect(
      lastStepsOf([
        [2, 3, 1],
        [2, 3],
      ]),
    ).toEqual([{ current: 2, target: 3 }]);
  });
});

describe('a ranking', () => {
  it('counts a rank beyond 20 as a miss', () => {
    const tally = new RankingTally();
    for (const rank of [1, 5, 20, 21]) tally.add(rank);
    expect(tally.result()).toEqual({
      predictions: 4,
      recallAt1: 0.25,
      recallAt5: 0.5,
      recallAt20: 0.75,
      mrrAt20: (1 + 1 / 5 + 1 / 20) / 4,
    });
  });

  it('holds a tie against the target', () => {
    const next = [
      { page: '/a', probability: 0.5 },
      { page: '/b', probability: 0.25 },
      { page: '/c', probability: 0.25 },
    ];
    expect([rankOf(next, '/a'), rankOf(next, '/b'), rankOf(next, '/c'), rankOf(next, '/d')]).toEqual([
      1, 3, 3, 4,
    ]);
  });
});

describe('the model’s evaluation', () => {
  it('scores every step from the newest pages alone, as the layers model ranks them', async () => {
    await loadBackend('wasm');
    const model = randomModel({ steps: 3 });
    const sessions = [
      [2, 9, 11, 30, 4, 18],
      [7, 8],
      [40, 41, 1, 5],
    ];
    const layers = await exportLayers(model);
    const tally = new RankingTally();
    for (const session of sessions) {
      for (let i = 1; i < session.length; i++) {
        const target = session[i] ?? 0;
        if (target < 2) continue;
        const [row = []] = layersProbabilities(layers, [session.slice(Math.max(0, i - 3), i)]);
        tally.add(row.filter((probability) => probability >= (row[target] ?? 0)).length);
      }
    }
    const parameters = createParameters(model.spec, model.weights);
    expect(await evaluateRecurrent(model.spec, parameters, scoringExamples(sessions, 3))).toEqual(
      tally.result(),
    );
    layers.dispose();
  });
});

describe('examples', () => {
  const sessions = fc.array(fc.array(fc.integer({ min: 2, max: 50 }), { minLength: 2, maxLength: 30 }), {
    minLength: 1,
  });

  it('train and score every position but the first exactly once', () => {
    fc.assert(
      fc.property(sessions, fc.integer({ min: 1, max: 8 }), (all, steps) => {
        const expected = all.flatMap((session) => session.slice(1)).sort();
        for (const cut of [trainingExamples, scoringExamples]) {
          const examples = cut(all, steps);
          const scored = examples.flatMap(({ targets }) => targets.filter((target) => target > 0));
          expect(scored.sort()).toEqual(expected);
          expect(Math.max(...examples.map(({ ids }) => ids.length))).toBeLessThanOrEqual(steps);
        }
      }),
    );
  });
});

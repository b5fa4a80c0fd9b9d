import { loadBackend } from '@pathcast/train/backends/backend';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { rankBaselines, rankMarkov, rankPopularity } from '@pathcast/train/evaluate/baselines';
import { RankingTally, rankAmong, rankingOf, rankScored } from '@pathcast/train/evaluate/ranking';
import { scoreSteps } from '@pathcast/train/evaluate/scored-steps';
import { lastStepsOf, stepsOf } from '@pathcast/train/evaluate/steps';
import { rankVsknn } from '@pathcast/train/evaluate/vsknn';
import { scoringWindows, trainingWindows } from '@pathcast/train/fit/batches';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportLayers, layersProbabilities } from '../support/layers.ts';
import { randomModel } from '../support/models.ts';

// Ids 2 to 6 are pages; worked by hand below.
const TRAIN = TokenSessions.of([
  [2, 3, 4],
  [2, 3, 5],
  [2, 4],
]);
const TEST = TokenSessions.of([
  [2, 3], // after 2: 3 twice, 4 once → rank 1
  [3, 5], // after 3: 4 and 5 once each, a tie → rank 2
  [4, 2], // nothing ever followed 4 → last of 5 pages
]);

describe('steps', () => {
  const steps = stepsOf(TokenSessions.of([[2, 1, 3, 4], [5], [6, 2]]));

  it('are every place but a session’s first whose target is a token', () => {
    expect(Array.from({ length: steps.length }, (_, step) => steps.target(step))).toEqual([3, 4, 2]);
    expect([...steps.sessionOf]).toEqual([0, 0, 2]);
    expect([...steps.events]).toEqual([2, 3, 6]);
  });

  it('tell the pages before the target, all or the newest', () => {
    expect([...steps.history(1)]).toEqual([2, 1, 3]);
    expect([...steps.history(1, 2)]).toEqual([1, 3]);
    expect([...steps.history(2, 2)]).toEqual([6]);
    expect([0, 1, 2].map((step) => steps.historyLength(step))).toEqual([2, 3, 1]);
  });

  it('are found again by the event of their target', () => {
    expect([2, 3, 6].map((event) => steps.stepOf(event))).toEqual([0, 1, 2]);
    expect(() => steps.stepOf(1)).toThrow('event 1 is no step');
  });

  it('are a session’s last alone where that is asked for', () => {
    const last = lastStepsOf(TokenSessions.of([[2, 3, 1], [2, 3, 4], [5]]));
    expect([...last.events]).toEqual([5]);
  });
});

describe('the baselines', () => {
  it('rank a first-order Markov chain, ties against it, as worked by hand', () => {
    expect([...rankMarkov(TRAIN, stepsOf(TEST), 7)]).toEqual([1, 2, 5]);
  });

  it('rank popularity, ties against it, as worked by hand', () => {
    // Counts: page 2 three times, 3 and 4 twice, 5 once, 6 never.
    expect([...rankPopularity(TRAIN, stepsOf(TEST), 7)]).toEqual([3, 4, 1]);
    expect([...rankPopularity(TRAIN, stepsOf(TokenSessions.of([[2, 6]])), 7)]).toEqual([5]);
  });

  it('rank the same steps, side by side', async () => {
    const ranks = await rankBaselines(TRAIN, stepsOf(TEST), 7);
    // After 2: 2 scores 3, 3 and 4 score 2. After 3: 2 and 3 score 2, 4 and 5 score 1. After 4: 2 and 4 score 2.
    expect(ranks).toEqual({
      popularity: Uint32Array.of(3, 4, 1),
      markov: Uint32Array.of(1, 2, 5),
      vsknn: Uint32Array.of(3, 4, 2),
    });
    expect(ranks.vsknn).toEqual(await rankVsknn(TRAIN, stepsOf(TEST), 7));
  });
});

describe('a ranking', () => {
  it('counts a rank beyond 20 as a miss', () => {
    expect(rankingOf([1, 5, 20, 21])).toEqual({
      predictions: 4,
      recallAt1: 0.25,
      recallAt5: 0.5,
      recallAt20: 0.75,
      mrrAt20: (1 + 1 / 5 + 1 / 20) / 4,
    });
  });

  it('is all zero of no step', () => {
    expect(new RankingTally().result()).toMatchObject({ predictions: 0, recallAt20: 0, mrrAt20: 0 });
  });

  it('holds a tie against the target', () => {
    expect(rankAmong([0.5, 0.2, 0.2, 0.1], 0.2)).toBe(3);
  });
});

describe('the recurrent model’s ranks', () => {
  it('are those of the layers model at every step, from the newest pages alone, in the sessions’ order', async () => {
    await loadBackend('wasm');
    const model = randomModel({ steps: 3 });
    const sessions = [
      [2, 9, 11, 30, 4, 18],
      [7, 8],
      [40, 41, 1, 5],
    ];
    const layers = await exportLayers(model);
    const expected = sessions.flatMap((session) =>
      session.slice(1).flatMap((target, i) => {
        if (target < 2) return [];
        const [row = []] = layersProbabilities(layers, [session.slice(Math.max(0, i - 2), i + 1)]);
        return row.filter((probability) => probability >= (row[target] ?? 0)).length;
      }),
    );
    const encoded = TokenSessions.of(sessions);
    expect([...(await rankScored(stepsOf(encoded), scoreSteps(model, encoded)))]).toEqual(expected);
    layers.dispose();
  });
});

describe('windows', () => {
  const sessions = fc.array(fc.array(fc.integer({ min: 2, max: 50 }), { minLength: 2, maxLength: 30 }), {
    minLength: 1,
  });

  it('train and score every position but the first exactly once', () => {
    fc.assert(
      fc.property(sessions, fc.integer({ min: 1, max: 8 }), (lists, most) => {
        const all = TokenSessions.of(lists);
        for (const cut of [trainingWindows, scoringWindows]) {
          const { targets, events, steps } = cut(all, most).whole();
          expect([...events].sort((a, b) => a - b)).toEqual([...stepsOf(all).events]);
          expect([...targets]).toEqual(Array.from(events, (event) => all.ids[event]));
          expect(steps).toBeLessThanOrEqual(most);
        }
      }),
    );
  });
});

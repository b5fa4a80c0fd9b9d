import { manifestSchema } from '@pathcast/models/manifest';
import { breakdownTable, metricsTable } from '@pathcast/train/cli/metrics-table';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { byHistoryLength, byPageFrequency } from '@pathcast/train/evaluate/breakdown';
import { compareRanks } from '@pathcast/train/evaluate/compare';
import { differenceInterval, meanInterval, rankingIntervals } from '@pathcast/train/evaluate/interval';
import { stepsOf } from '@pathcast/train/evaluate/steps';
import { describe, expect, it } from 'vitest';

/** Sessions of so many steps each, all of page 2. */
function sessionsOf(...steps: number[]) {
  return stepsOf(TokenSessions.of(steps.map((count) => new Array<number>(count + 1).fill(2))));
}

/** Half the width of an interval. */
function halfWidth(interval: readonly number[] = []) {
  return ((interval[1] ?? Number.NaN) - (interval[0] ?? Number.NaN)) / 2;
}

describe('the interval of a mean', () => {
  it('is the textbook’s where every session has one step', () => {
    // 1, 0, 1, 1: mean 3/4, deviation 1/2, error of the mean 1/4; t of 3 degrees of freedom is 3.182.
    const found = meanInterval(sessionsOf(1, 1, 1, 1), (step) => [1, 0, 1, 1][step] ?? 0);
    expect(found?.mean).toBe(0.75);
    expect(halfWidth(found?.interval95)).toBeCloseTo(3.182 / 4, 3);
  });

  it.each([
    [2, 12.706],
    [3, 4.303],
    [5, 2.776],
    [6, 2.571],
    [7, 2.447],
    [11, 2.228],
    [31, 2.042],
    [121, 1.98],
  ])('takes Student’s t of the tables for %d sessions', (sessions, t) => {
    // Half of them (one more, or not) are 1: the deviation is known, and t is what is left.
    const values = Array.from({ length: sessions }, (_, i) => i % 2);
    const mean = values.reduce((sum, value) => sum + value, 0) / sessions;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (sessions - 1));
    const found = meanInterval(sessionsOf(...values.map(() => 1)), (step) => values[step] ?? 0);
    const used = halfWidth(found?.interval95) / (deviation / Math.sqrt(sessions));
    expect(Math.abs(used / t - 1)).toBeLessThan(0.01);
  });

  it('weighs sessions by their steps, as worked by hand', () => {
    // Two steps of 1 and one of 0: mean 2/3. Each session is off by 2/3: √((4/9 + 4/9) · 2/1) / 3 = 4/9.
    const found = meanInterval(sessionsOf(2, 1), (step) => (step < 2 ? 1 : 0));
    expect(found?.mean).toBeCloseTo(2 / 3);
    expect(halfWidth(found?.interval95)).toBeCloseTo((12.7062 * 4) / 9, 3);
  });

  it('is no narrower when each step is told ten times', () => {
    const once = meanInterval(sessionsOf(1, 1, 1), (step) => step);
    const often = meanInterval(sessionsOf(10, 10, 10), (step) => Math.floor(step / 10));
    expect(often?.mean).toBeCloseTo(once?.mean ?? Number.NaN);
    expect(halfWidth(often?.interval95)).toBeCloseTo(halfWidth(once?.interval95));
  });

  it('is unknown for one session', () => {
    expect(meanInterval(sessionsOf(5), () => 1)).toBeUndefined();
    expect(rankingIntervals(sessionsOf(5), Uint32Array.of(1, 1, 1, 1, 1))).toBeUndefined();
  });

  it('stays within 0 to 1 for a share', () => {
    const intervals = rankingIntervals(sessionsOf(1, 1, 1), Uint32Array.of(1, 21, 1));
    expect(intervals?.recallAt20).toEqual([0, 1]);
  });
});

describe('a difference', () => {
  const steps = sessionsOf(1, 1, 1, 1);

  it('of a ranking to itself is nothing, for sure', () => {
    const ranks = Uint32Array.of(1, 30, 2, 5);
    const found = differenceInterval(steps, ranks, ranks, 'mrrAt20');
    expect(found).toEqual({ mean: 0, interval95: [0, 0] });
  });

  it('is paired: what is hard for both does not blur it', () => {
    // Each step gains 1/2, but the last nothing: mean 3/8, deviation 1/4, error 1/8.
    const found = differenceInterval(
      steps,
      Uint32Array.of(1, 1, 1, 9),
      Uint32Array.of(2, 2, 2, 9),
      'mrrAt20',
    );
    expect(found?.mean).toBeCloseTo(3 / 8);
    expect(halfWidth(found?.interval95)).toBeCloseTo(3.182 / 8, 3);
  });
});

// Histories of 1, 2, 3, 4 and 1 pages; targets 3, 2, 3, 4 and 4.
const STEPS = stepsOf(
  TokenSessions.of([
    [2, 3, 2, 3, 4],
    [2, 4],
  ]),
);
const MODEL = Uint32Array.of(1, 2, 30, 4, 21);
const POPULARITY = Uint32Array.of(2, 1, 20, 10, 25);
const MARKOV = Uint32Array.of(1, 30, 30, 1, 40);

describe('a breakdown', () => {
  it('is by how many pages came before, as worked by hand', () => {
    expect(byHistoryLength(STEPS, { model: MODEL })).toEqual([
      { from: 1, to: 1, predictions: 2, rankings: { model: { recallAt20: 1 / 2, mrrAt20: 1 / 2 } } },
      { from: 2, to: 2, predictions: 1, rankings: { model: { recallAt20: 1, mrrAt20: 1 / 2 } } },
      { from: 3, to: 4, predictions: 2, rankings: { model: { recallAt20: 1 / 2, mrrAt20: 1 / 8 } } },
    ]);
  });

  it('is by how often training saw the page to predict', () => {
    // Page 2 a thousand times and more, 3 three times, 4 fifteen times.
    const rows = byPageFrequency(STEPS, { model: MODEL, markov: MARKOV }, Uint32Array.of(5000, 3, 15));
    expect(rows).toEqual([
      {
        from: 1,
        to: 3,
        predictions: 2,
        rankings: { model: { recallAt20: 0.5, mrrAt20: 0.5 }, markov: { recallAt20: 0.5, mrrAt20: 0.5 } },
      },
      {
        from: 4,
        to: 15,
        predictions: 2,
        rankings: { model: { recallAt20: 0.5, mrrAt20: 1 / 8 }, markov: { recallAt20: 0.5, mrrAt20: 0.5 } },
      },
      {
        from: 1024,
        to: null,
        predictions: 1,
        rankings: { model: { recallAt20: 1, mrrAt20: 0.5 }, markov: { recallAt20: 0, mrrAt20: 0 } },
      },
    ]);
  });

  it('tells every step once', () => {
    const rows = byHistoryLength(sessionsOf(12, 3), { model: new Uint32Array(15).fill(1) });
    expect(rows.map(({ from, predictions }) => [from, predictions])).toEqual([
      [1, 2],
      [2, 2],
      [3, 3],
      [5, 5],
      [10, 3],
    ]);
  });
});

describe('what a manifest says of a model', () => {
  const counts = Uint32Array.of(3, 2, 1);
  const baselines = { popularity: POPULARITY, markov: MARKOV };
  const compared = compareRanks(STEPS, { model: MODEL, baselines, parts: { rules: MARKOV } }, counts);
  const metrics = { on: 'test' as const, ...compared };

  it('sets the model against the baseline that is best at each measure', () => {
    // Recall: model 3/5, popularity 4/5, Markov 2/5. MRR: (1 + 1/2 + 1/4)/5, (1/2 + 1 + 1/20 + 1/10)/5, 2/5.
    expect(metrics.difference?.recallAt20).toMatchObject({ baseline: 'popularity' });
    expect(metrics.difference?.recallAt20.difference).toBeCloseTo(-1 / 5);
    expect(metrics.difference?.mrrAt20).toMatchObject({ baseline: 'markov' });
    expect(metrics.difference?.mrrAt20.difference).toBeCloseTo(1.75 / 5 - 2 / 5);
  });

  it('passes the schema, and so does what older manifests say', () => {
    const schema = manifestSchema.shape.metrics;
    expect(schema.parse(JSON.parse(JSON.stringify(metrics)))).toEqual(metrics);
    const { predictions, recallAt1, recallAt5, recallAt20, mrrAt20 } = metrics.model;
    const model = { predictions, recallAt1, recallAt5, recallAt20, mrrAt20 };
    expect(schema.safeParse({ on: 'test', model, baselines: { markov: model } }).success).toBe(true);
  });

  it('names no difference where there is no baseline', () => {
    expect(compareRanks(STEPS, { model: MODEL, baselines: {} }, counts).difference).toBeUndefined();
  });

  it('shows in a table, the model last, and how sure it is', () => {
    const lines = metricsTable(metrics).split('\n');
    const rows = lines.flatMap((line) =>
      line.startsWith('│') ? [line.split('│').map((cell) => cell.trim())] : [],
    );
    expect(rows.map((cells) => cells[1])).toEqual([
      '5 predictions (test)',
      'popularity',
      'markov',
      'rules',
      'pathcast',
    ]);
    expect(rows.at(-1)?.slice(2, 6)).toEqual(['20.0', '60.0', '60.0', '35.0']);
    expect(lines.at(-2)).toMatch(
      /^ {2}95 % interval {2}recall@20 0\.0 to 100\.0; −20\.0 over popularity, −\d.* to \+\d/,
    );
    expect(lines.at(-1)).toMatch(/^ {2}95 % interval {2}MRR@20 .*; −5\.0 over markov, −\d.* to \+\d/);
  });

  it('shows a breakdown in a table', () => {
    const rows = breakdownTable('pages before', metrics.breakdowns?.historyLength ?? []).split('\n');
    expect(rows[1]).toMatch(
      /recall@20 \/ MRR@20 by pages before │ predictions │ +popularity │ +markov │ +rules │ +model/,
    );
    expect(rows[4]).toMatch(/│ 3 to 4 +│ +2 │ +100\.0 \/ 7\.5 │ .* 50\.0 \/ 12\.5 │/);
  });
});

import { likeliest, Reliability, ThresholdTable } from '@pathcast/train/mixture/calibration';
import { describe, expect, it } from 'vitest';

describe('the expected calibration error', () => {
  it('is the mean gap between probability and outcome, as worked by hand', () => {
    const reliability = new Reliability();
    reliability.add(0.95, true);
    reliability.add(0.97, false); // the same of 15 bins: predicted 0.96, observed 0.5
    reliability.add(0.35, true); // a bin of its own: gap 0.65
    reliability.add(0.9, true); // the bin below 14/15 = 0.933: gap 0.1
    expect(reliability.error()).toBeCloseTo((2 * 0.46 + 0.65 + 0.1) / 4, 6);
    expect(reliability.bins()).toEqual([
      { predicted: 0.35, observed: 1, count: 1 },
      { predicted: 0.9, observed: 1, count: 1 },
      { predicted: 0.96, observed: 0.5, count: 2 },
    ]);
  });

  it('takes a probability of 1, and is 0 without a step', () => {
    const reliability = new Reliability();
    expect(reliability.error()).toBe(0);
    reliability.add(1, true);
    expect(reliability.error()).toBe(0);
  });
});

describe('the threshold table', () => {
  const table = new ThresholdTable();
  table.add(Float32Array.of(0, 0, 0.52, 0.33, 0.15), 3);
  table.add(Float32Array.of(0, 0, 0.07, 0.86, 0.07), 3);
  const rows = new Map(table.rows().map((row) => [row.threshold, row]));

  it('counts what is fetched, used and wasted, as worked by hand', () => {
    // At 0.3: pages 2 and 3 at the first step, page 3 at the second; both steps' page was fetched.
    const row = rows.get(0.3);
    expect(row?.fetches).toBe(1.5);
    expect(row?.precision).toBeCloseTo(2 / 3, 6);
    expect(row?.coverage).toBe(1);
    expect(row?.wasted).toBe(0.5);
    // At 0.4: page 2, which did not come, and page 3, which did.
    expect(rows.get(0.4)).toEqual({ threshold: 0.4, precision: 0.5, coverage: 0.5, fetches: 1, wasted: 0.5 });
    // At 0.05 every page, twice.
    expect(rows.get(0.05)?.fetches).toBe(3);
  });

  it('has no row at which nothing is fetched', () => {
    expect(rows.has(0.8)).toBe(true);
    expect(rows.has(0.9)).toBe(false);
  });
});

describe('the likeliest token', () => {
  it('is the first of equals, never padding or unknown', () => {
    expect(likeliest(Float32Array.of(0.9, 0.9, 0, 0.4, 0.4))).toBe(3);
    expect(likeliest(new Float32Array(4))).toBe(2);
  });
});

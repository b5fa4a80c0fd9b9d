import type { ModelSpec } from '@pathcast/models/spec';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { spreadRows } from '@pathcast/train/fit/page-graph';
import { startState } from '@pathcast/train/fit/start';
import { createRandom } from '@pathcast/train/random';
import { describe, expect, it } from 'vitest';
import { randomModel } from '../support/models.ts';

const SIZE = 9;
/** Two groups of pages, 2 to 4 and 5 to 7, and page 8 by itself; unknown pages connect nothing. */
const SESSIONS = TokenSessions.of([
  [2, 3, 4, 2],
  [3, 4, 3],
  [5, 6, 1, 7],
  [7, 6],
  [8, 8, 1],
]);

/** Weights between pages up to six steps apart, 1 over the steps: float64 [V][V]. */
function connections(): number[][] {
  const weights = Array.from({ length: SIZE }, () => new Array<number>(SIZE).fill(0));
  for (const session of SESSIONS) {
    for (const [i, a] of session.entries()) {
      for (const [j, b] of session.entries()) {
        const steps = Math.abs(i - j);
        if (a < 2 || b < 2 || a === b || steps === 0 || steps > 6) continue;
        (weights[a] as number[])[b] = (weights[a]?.[b] ?? 0) + 1 / steps;
      }
    }
  }
  return weights;
}

function unit(row: readonly number[]): number[] {
  const length = Math.hypot(...row);
  return row.map((value) => (length > 0 ? value / length : 0));
}

const rowsOf = (table: Float32Array, width: number) =>
  Array.from({ length: SIZE }, (_, id) => [...table.subarray(id * width, (id + 1) * width)]);

describe('rows spread over the graph of pages', () => {
  it('are the products of its matrix with random rows, without their mean, summed over four hops', () => {
    const width = 6;
    const random = createRandom(3);
    const matrix = connections();
    const degrees = matrix.map((weights) => weights.reduce((s, w) => s + w, 0));
    const total = degrees.reduce((s, degree) => s + degree, 0);
    const own = Array.from({ length: SIZE }, () =>
      unit(Array.from({ length: width }, () => random.normal())),
    );
    let rows = own;
    const sum = own.map((row) => row.map((value) => value / 2));
    for (let hop = 0; hop < 4; hop++) {
      const passed = matrix.map(
        (weights) =>
          own[0]?.map((_, j) => weights.reduce((s, w, id) => s + w * (rows[id]?.[j] ?? 0), 0)) ?? [],
      );
      const mean = own[0]?.map((_, j) => passed.reduce((s, row) => s + (row[j] ?? 0), 0) / total) ?? [];
      rows = passed.map((row, id) =>
        unit(row.map((value, j) => value - (degrees[id] ?? 0) * (mean[j] ?? 0))),
      );
      for (const [id, row] of rows.entries()) {
        for (const [j, value] of row.entries()) (sum[id] as number[])[j] = (sum[id]?.[j] ?? 0) + value;
      }
    }
    const expected = sum.map((row) => unit(row).map((value) => value * 0.1 * Math.sqrt(width)));
    const spread = spreadRows(SESSIONS, { size: SIZE, width }, createRandom(3));
    for (const [id, row] of rowsOf(spread, width).entries()) {
      for (const [j, value] of row.entries()) expect(value).toBeCloseTo(expected[id]?.[j] ?? Number.NaN, 5);
    }
  });

  it('are near each other for pages of the same visits, at any width', () => {
    for (const width of [20, 50, 100]) {
      const rows = rowsOf(spreadRows(SESSIONS, { size: SIZE, width }, createRandom(1)), width).map(unit);
      const cosine = (a: number, b: number) =>
        rows[a]?.reduce((sum, value, j) => sum + value * (rows[b]?.[j] ?? 0), 0) ?? Number.NaN;
      for (const [a, b] of [
        [2, 3],
        [3, 4],
        [5, 6],
        [6, 7],
      ] as const)
        expect(cosine(a, b)).toBeGreaterThan(0.8);
      for (const [a, b] of [
        [2, 5],
        [4, 7],
        [3, 8],
        [0, 1],
      ] as const)
        expect(cosine(a, b)).toBeLessThan(0.6);
    }
  });

  it('are random where no visit goes from one page to another', () => {
    const rows = spreadRows(TokenSessions.of([[2, 2, 2]]), { size: 4, width: 30 }, createRandom(1));
    expect(rows.every(Number.isFinite)).toBe(true);
    expect(Math.hypot(...rows.subarray(60, 90))).toBeCloseTo(0.1 * Math.sqrt(30), 5);
  });

  it('are of one length, whatever visits say, and of one seed', () => {
    const spread = () => spreadRows(SESSIONS, { size: SIZE, width: 30 }, createRandom(9));
    for (const row of rowsOf(spread(), 30)) expect(Math.hypot(...row)).toBeCloseTo(0.1 * Math.sqrt(30), 5);
    expect(spread()).toEqual(spread());
  });
});

describe('the state that training begins with', () => {
  const begin = (overrides: Partial<ModelSpec>) => {
    const { spec } = randomModel({ vocabularySize: SIZE, ...overrides });
    return startState(spec, SESSIONS, { momentum: 0, random: createRandom(1) });
  };

  it('has spread embeddings, and output rows beside them, that the first steps do not drown', () => {
    const spread = 0.1 * Math.sqrt(16);
    const tied = begin({});
    const dense = begin({ input: { type: 'embedding', units: 16 }, output: 'dense' });
    for (const table of [tied.weights.inputRows, dense.weights.inputRows, dense.weights.outputRows]) {
      for (let id = 2; id < SIZE; id++) {
        expect(Math.hypot(...(table?.subarray(id * 16, (id + 1) * 16) ?? []))).toBeCloseTo(spread, 5);
      }
    }
    expect(tied.accumulators.inputRows.every((sum) => sum > 0)).toBe(true);
  });

  it('is drawn where inputs are one-hot', () => {
    const { weights, accumulators } = begin({ input: { type: 'one-hot' }, output: 'dense' });
    const limit = Math.sqrt(6 / (SIZE + 16 + 3 * 16)); // Glorot's
    expect(Math.max(...weights.inputRows)).toBeLessThan(limit);
    expect(Math.max(...weights.inputRows)).toBeGreaterThan(limit * 0.8);
    expect(accumulators.inputRows.every((sum) => sum === 0)).toBe(true);
  });
});

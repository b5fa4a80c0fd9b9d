import { returnRow, visitedIn } from '@pathcast/models/predictor/returns';
import { describe, expect, it } from 'vitest';

describe('what a visitor may come back to', () => {
  it('is each page once, the newest first, without unknown ones', () => {
    expect(visitedIn([2, 3, 1, 4])).toEqual({ pages: [4, 3, 2], hasReturned: false });
    expect(visitedIn([3, 2, 3])).toEqual({ pages: [3, 2], hasReturned: true });
    expect(visitedIn([1, 1])).toEqual({ pages: [], hasReturned: false });
  });

  it('is at most ten pages of the newest sixteen', () => {
    const history = Array.from({ length: 20 }, (_, i) => i + 2);
    expect(visitedIn(history).pages).toEqual(history.toReversed().slice(0, 10));
    expect(visitedIn([9, ...history.slice(0, 15), 9]).hasReturned).toBe(true);
    expect(visitedIn([99, ...history.slice(0, 15), 99]).hasReturned).toBe(false);
  });

  it('has a row of rates by the number of pages, and of its own once it came back', () => {
    const rows = [[], [2], [2, 3], [2, 3, 2]].map((history) => returnRow(visitedIn(history)));
    expect(rows).toEqual([0, 0, 10, 110]);
  });
});

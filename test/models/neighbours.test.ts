import { SparseScores } from '@pathcast/models/predictor/candidates';
import { NeighbourSearch } from '@pathcast/models/predictor/neighbours';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { buildNeighbours } from '@pathcast/train/mixture/build-neighbours';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomSessions } from '../support/mixtures.ts';

function searchIn(sessions: TokenSessions, size: number) {
  const search = new NeighbourSearch(buildNeighbours(sessions, { size }), new SparseScores(size));
  return (history: readonly number[]) => {
    const { ids, probabilities } = search.candidates(history);
    return new Map(Array.from(ids, (id, i) => [id, probabilities[i] ?? 0]));
  };
}

/** What the search is documented to do, written with lists and Maps over all sessions, in float64. */
function searchNaively(sessions: readonly number[][], history: readonly number[]): Map<number, number> {
  const S = sessions.length;
  const rarity = (page: number) => Math.log(1 + S / sessions.filter((pages) => pages.includes(page)).length);
  const visit = history.toReversed().slice(0, 16);
  const neighbours = sessions
    .map((pages, index) => {
      const shared = visit.filter(
        (page, lag) => page > 1 && visit.indexOf(page) === lag && pages.includes(page),
      );
      const like = shared.reduce((sum, page) => sum + rarity(page) * 0.5 ** visit.indexOf(page), 0);
      return { pages, newest: shared[0] ?? 0, likeness: like * (0.4 + (0.6 * (index + 1)) / S) };
    })
    .filter(({ likeness }) => likeness > 0)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, 300);
  const scores = new Map<number, number>();
  for (const { pages, newest, likeness } of neighbours) {
    const at = pages.lastIndexOf(newest);
    for (const [i, page] of pages.entries()) {
      if (i === at) continue;
      const score = likeness * 0.8 ** visit.indexOf(newest) * 0.75 ** (Math.abs(i - at) - 1) * rarity(page);
      scores.set(page, (scores.get(page) ?? 0) + score);
    }
  }
  const sum = [...scores.values()].reduce((total, score) => total + score, 0);
  return new Map([...scores].map(([page, score]) => [page, score / sum]));
}

describe('neighbours', () => {
  it('score the pages of like sessions, as worked by hand', () => {
    // Oldest first. Rarity is ln 2.5 of pages 2 and 3, which two of three sessions saw, ln 4 of all others.
    const search = searchIn(
      TokenSessions.of([
        [2, 3, 4],
        [3, 5],
        [2, 6],
      ]),
      7,
    );
    // Likeness to 2, 3 in ln 2.5: 1 + ½ aged by 0.6, 1 by 0.8, ½ by 1 → 0.9, 0.8, 0.5.
    // The first shares 3: page 4 gets 0.9 ln 4 and page 2 gets 0.9 ln 2.5. The second: page 5, 0.8 ln 4.
    // The third shares 2, a step ago: page 6, 0.8 × 0.5 ln 4. In ln 4: 0.9, 0.5949, 0.8, 0.4; 2.6949 in all.
    const found = search([2, 3]);
    expect(found.get(4)).toBeCloseTo(0.334, 4);
    expect(found.get(2)).toBeCloseTo(0.2207, 4);
    expect(found.get(5)).toBeCloseTo(0.2969, 4);
    expect(found.get(6)).toBeCloseTo(0.1484, 4);
    expect(found.size).toBe(4);
  });

  it('equal a naive search over all sessions', () => {
    const sessions = randomSessions(420, 40);
    const lists = Array.from(sessions, (session) => [...session]);
    const search = searchIn(sessions, 40);
    const history = fc.array(fc.integer({ min: 1, max: 39 }), { maxLength: 20 });
    fc.assert(
      fc.property(history, (pages) => {
        const expected = searchNaively(lists, pages);
        const found = search(pages);
        expect(found.size).toBe(expected.size);
        for (const [page, probability] of expected) expect(found.get(page)).toBeCloseTo(probability, 5);
      }),
      { numRuns: 60 },
    );
  });

  it('share a page among the newest sixteen, and none before', () => {
    const search = searchIn(TokenSessions.of([[2, 3]]), 30);
    const newer = Array.from({ length: 15 }, (_, i) => 10 + i);
    expect([...search([2, ...newer]).keys()]).toEqual([3]);
    expect(search([2, ...newer, 29]).size).toBe(0);
  });

  it('are none for a history of pages that nobody saw', () => {
    const search = searchIn(TokenSessions.of([[2, 3]]), 6);
    expect(search([]).size).toBe(0);
    expect(search([1, 1, 5]).size).toBe(0);
  });
});

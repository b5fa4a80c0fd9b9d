import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { buildNeighbours } from '@pathcast/train/mixture/build-neighbours';
import { describe, expect, it } from 'vitest';

const pagesOf = (tables: ReturnType<typeof buildNeighbours>, session: number) => [
  ...tables.pages.subarray(tables.sessionOffsets[session], tables.sessionOffsets[session + 1]),
];
const sessionsOf = (tables: ReturnType<typeof buildNeighbours>, page: number) => [
  ...tables.postings.subarray(tables.postingOffsets[page], tables.postingOffsets[page + 1]),
];

describe('the index of neighbours', () => {
  it('lists the sessions of each page, the newest first, each once', () => {
    const tables = buildNeighbours(
      TokenSessions.of([
        [2, 3, 2],
        [4, 5],
        [2, 4],
      ]),
      { size: 7 },
    );
    expect([0, 1, 2].map((session) => pagesOf(tables, session))).toEqual([
      [2, 3, 2],
      [4, 5],
      [2, 4],
    ]);
    expect(sessionsOf(tables, 2)).toEqual([2, 0]);
    expect(sessionsOf(tables, 4)).toEqual([2, 1]);
    expect(sessionsOf(tables, 6)).toEqual([]);
    expect(tables.rarity[2]).toBeCloseTo(Math.log(1 + 3 / 2), 6);
    expect(tables.rarity[6]).toBe(0);
  });

  it('leaves out unknown pages, and sessions of one page', () => {
    const tables = buildNeighbours(TokenSessions.of([[2, 1], [3], [1, 2, 3]]), { size: 4 });
    expect(tables.sessionOffsets).toHaveLength(2);
    expect(pagesOf(tables, 0)).toEqual([2, 3]);
  });

  it('keeps the newest sessions within a budget', () => {
    const tables = buildNeighbours(
      TokenSessions.of([
        [2, 3],
        [3, 4],
        [4, 5, 2],
      ]),
      { size: 6, maxEvents: 5 },
    );
    expect([0, 1].map((session) => pagesOf(tables, session))).toEqual([
      [3, 4],
      [4, 5, 2],
    ]);
    expect(tables.pages).toHaveLength(5);
  });

  it('cuts long sessions into pieces, of which none is one page', () => {
    const long = Array.from({ length: 129 }, (_, i) => 2 + (i % 7));
    const tables = buildNeighbours(TokenSessions.of([long]), { size: 9 });
    expect([0, 1].map((session) => pagesOf(tables, session))).toEqual([long.slice(1, 65), long.slice(65)]);
    expect(tables.sessionOffsets).toHaveLength(3);
  });

  it('lists no more than 500 sessions of a page', () => {
    const tables = buildNeighbours(TokenSessions.of(Array(600).fill([2, 3])), { size: 4 });
    expect(sessionsOf(tables, 2)).toHaveLength(500);
    expect(sessionsOf(tables, 2)[0]).toBe(599);
  });
});

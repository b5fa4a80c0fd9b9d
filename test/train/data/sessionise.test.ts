import { openDatabase } from '@pathcast/train/data/database';
import { CUT, collectSessions, OWN } from '@pathcast/train/data/sessions/collect';
import { keepsSessions, sortSessions } from '@pathcast/train/data/sessions/own-sessions';
import { type SessionSettings, sessionise } from '@pathcast/train/data/sessions/sessionise';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** [visitor, page, seconds], in the order of lines. */
type Request = readonly [visitor: number, page: number, seconds: number];

const KEPT: SessionSettings = {
  sessionGap: Number.POSITIVE_INFINITY,
  foldRepeats: false,
  minSupport: 1,
  minVisitors: 1,
  minLength: 2,
};
const CUT_LOG: SessionSettings = { ...KEPT, sessionGap: 1800, foldRepeats: true };

/** Cuts requests for pages `p0`, `p1`, … in a database of their own. */
async function cut(requests: readonly Request[], settings: SessionSettings, isOwn = false) {
  const database = await openDatabase({ memoryGb: 0.5 });
  try {
    const rows = requests.map(
      ([visitor, page, seconds], i) => `(${visitor}, ${page}, ${seconds}::DOUBLE, ${i})`,
    );
    await database.run(`
      CREATE TABLE pages AS SELECT i::INTEGER AS id, 'p' || i AS name FROM range(10) t(i);
      CREATE TABLE requests AS SELECT visitor::BIGINT AS visitor, page::INTEGER AS page, seconds, position::BIGINT AS position
        FROM (VALUES ${rows.join(', ')}) v(visitor, page, seconds, position)`);
    const losses = await (isOwn ? sortSessions : sessionise)(database, settings);
    return { losses, sessions: [...(await collectSessions(database, isOwn ? OWN : CUT, true))] };
  } finally {
    await database.close();
  }
}

const visitor = (...requests: (readonly [page: number, seconds: number])[]) =>
  requests.map(([page, seconds]): Request => [1, page, seconds]);

describe('requests', () => {
  it('are cut after a silence longer than the gap, not after one as long', async () => {
    const { sessions } = await cut(visitor([0, 0], [1, 1800], [2, 3600.5], [3, 3601]), CUT_LOG);
    expect(sessions).toEqual([
      ['p0', 'p1'],
      ['p2', 'p3'],
    ]);
  });

  it('measure silence from the last request, a reload too', async () => {
    const { sessions, losses } = await cut(visitor([0, 0], [1, 1000], [1, 2500], [2, 4000]), CUT_LOG);
    expect(sessions).toEqual([['p0', 'p1', 'p2']]);
    expect(losses.repeats).toBe(1);
  });

  it('for one page fold within a visit, not across two', async () => {
    const { sessions } = await cut(visitor([0, 0], [1, 1], [1, 5000], [2, 5001]), CUT_LOG);
    expect(sessions).toEqual([
      ['p0', 'p1'],
      ['p1', 'p2'],
    ]);
  });

  it('fold again where a rare page between two of one page leaves', async () => {
    const requests = [
      ...visitor([0, 0], [1, 1], [9, 2], [1, 3]),
      ...[2, 3].flatMap((v): Request[] => [
        [v, 0, 10 * v],
        [v, 1, 10 * v + 1],
      ]),
    ];
    const { sessions, losses } = await cut(requests, { ...CUT_LOG, minSupport: 2 });
    expect(sessions).toEqual([
      ['p0', 'p1'],
      ['p0', 'p1'],
      ['p0', 'p1'],
    ]);
    expect(losses).toEqual({ repeats: 0, rarePages: 1, rareEvents: 1, shortVisits: 0 });
  });

  it('of one visitor alone do not make a page known, however many they are', async () => {
    const own = Array.from({ length: 20 }, (_, i): readonly [number, number] => [i % 2, i]);
    const others = [2, 3].flatMap((v): Request[] => [
      [v, 1, 100],
      [v, 2, 101],
    ]);
    const { losses } = await cut([...visitor(...own), ...others], {
      ...CUT_LOG,
      minSupport: 2,
      minVisitors: 2,
    });
    expect(losses).toMatchObject({ rarePages: 1, rareEvents: 10 });
  });

  it('come in sessions ordered by their start, and by line within one second', async () => {
    const { sessions } = await cut(
      [
        [2, 3, 5],
        [1, 0, 5],
        [2, 4, 6],
        [1, 1, 6],
        [3, 5, 1],
        [3, 6, 9],
      ],
      CUT_LOG,
    );
    expect(sessions).toEqual([
      ['p5', 'p6'],
      ['p3', 'p4'],
      ['p0', 'p1'],
    ]);
  });
});

describe('data that names its sessions', () => {
  it('is only sorted when nothing is asked, and gives what the query gives', async () => {
    expect(keepsSessions(KEPT)).toBe(true);
    for (const asked of [{ sessionGap: 60 }, { foldRepeats: true }, { minSupport: 2 }, { minVisitors: 2 }]) {
      expect(keepsSessions({ ...KEPT, ...asked })).toBe(false);
    }
    const request = fc.tuple(fc.nat(5), fc.nat(9), fc.nat(4));
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 2, max: 4 }),
        async (requests, minLength) => {
          const settings = { ...KEPT, minLength };
          expect(await cut(requests, settings, true)).toEqual(await cut(requests, settings));
        },
      ),
      { numRuns: 60 },
    );
  });
});

import type { Database } from '../database.ts';
import { Sessions } from './sessions.ts';

/** What to read sessions from: queries in order of time, and within one second in the order of lines. */
export interface Ordered {
  /** (page INTEGER), session after session. */
  readonly pages: string;
  /** (started DOUBLE, length INTEGER), a row a session. */
  readonly starts: string;
}

/** Sessions that `sessionise.sql` cut. */
export const CUT: Ordered = {
  pages: 'SELECT page FROM sessions ORDER BY started, session, step',
  starts:
    'SELECT started, count(*)::INTEGER AS length FROM sessions GROUP BY started, session ORDER BY started, session',
};

/** The data's own sessions. */
export const OWN: Ordered = {
  pages: 'SELECT page FROM ordered ORDER BY session, seconds, position',
  starts: 'SELECT started, length::INTEGER AS length FROM starts ORDER BY session',
};

/** Reads sessions out into columns. @param hasTimes whether their starts mean anything. */
export async function collectSessions(
  database: Database,
  ordered: Ordered,
  hasTimes: boolean,
): Promise<Sessions> {
  const [counts] = await database.rows(
    `SELECT count(*) AS sessions, coalesce(sum(length), 0) AS events FROM (${ordered.starts})`,
  );
  const offsets = new Uint32Array(Number(counts?.sessions) + 1);
  const starts = new Float64Array(Number(counts?.sessions));
  let session = 0;
  for await (const [started, lengths] of database.streamNumbers(ordered.starts, ['DOUBLE', 'INTEGER'])) {
    starts.set(started, session);
    for (const length of lengths) offsets[session + 1] = (offsets[session++] ?? 0) + length;
  }
  const events = new Uint32Array(Number(counts?.events));
  let event = 0;
  for await (const [pages] of database.streamNumbers(ordered.pages, ['INTEGER'])) {
    events.set(pages, event);
    event += pages.length;
  }
  const names = await pageNames(database);
  return new Sessions({
    ...inOrderOfAppearance(events, names),
    offsets,
    starts: hasTimes ? starts : undefined,
  });
}

async function pageNames(database: Database): Promise<string[]> {
  const names: string[] = [];
  for await (const [ids = [], texts = []] of database.stream('SELECT id, name FROM pages')) {
    for (const [row, id] of ids.entries()) names[Number(id)] = String(texts[row]);
  }
  return names;
}

/** Renumbers pages as sessions first see them, so that nothing depends on the order in which they were hashed. */
function inOrderOfAppearance(events: Uint32Array, names: readonly string[]) {
  const renumbered = new Int32Array(names.length).fill(-1);
  const pages: string[] = [];
  for (const [i, page] of events.entries()) {
    if ((renumbered[page] ?? -1) < 0) {
      renumbered[page] = pages.length;
      pages.push(names[page] ?? '');
    }
    events[i] = renumbered[page] ?? 0;
  }
  return { events, pages };
}

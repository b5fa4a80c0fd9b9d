import type { Database } from './database.ts';
import { Sessions } from './sessions.ts';

/** Reads the table `sessions` out into columns: by time, and within one second by the order of lines. */
export async function collectSessions(database: Database, hasTimes: boolean): Promise<Sessions> {
  const [counts] = await database.rows(
    'SELECT count(*) AS events, count(*) FILTER (step = 1) AS sessions FROM sessions',
  );
  const events = new Uint32Array(Number(counts?.events));
  const offsets = new Uint32Array(Number(counts?.sessions) + 1);
  const starts = new Float64Array(Number(counts?.sessions));
  let event = 0;
  let session = 0;
  const query = 'SELECT page, step = 1 AS opens, started FROM sessions ORDER BY started, session, step';
  for await (const [pages = [], opens = [], started = []] of database.stream(query)) {
    for (let row = 0; row < pages.length; row++) {
      if (opens[row] === true) {
        offsets[session] = event;
        starts[session++] = Number(started[row]);
      }
      events[event++] = Number(pages[row]);
    }
  }
  offsets[session] = event;
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

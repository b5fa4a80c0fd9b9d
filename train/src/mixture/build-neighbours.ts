import { type NeighbourTables, SESSIONS_PER_PAGE } from '@pathcast/models/predictor/neighbours';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import { eventsOfPages, sessionsOfEvents } from '../data/sessions/events-of-pages.ts';
import { TokenSessions } from '../data/sessions/token-sessions.ts';

/** Events kept: 4 bytes each for the page, and 4 for the posting. 10 MB of a Worker's 128, with the sessions' offsets. */
const MAX_EVENTS = 1_000_000;
/** Longer sessions are cut into pieces of this many pages, so that no neighbour costs much. */
const SESSION_PAGES = 64;

/**
 * Builds the index that neighbours are searched in.
 * @param sessions in time order, the newest last.
 * @param options.size V.
 * @param options.maxEvents kept in all: of more, those of the oldest sessions are left out.
 */
export function buildNeighbours(
  sessions: TokenSessions,
  { size, maxEvents = MAX_EVENTS }: { size: number; maxEvents?: number },
): NeighbourTables {
  const kept = newestSessions(sessions, maxEvents);
  const sessionOf = sessionsOfEvents(kept);
  const { offsets, events } = eventsOfPages(kept, size);
  const rarity = new Float32Array(size);
  const postingOffsets = new Uint32Array(size + 1);
  const postings = new Uint32Array(events.length);
  let posted = 0;
  for (let page = 0; page < size; page++) {
    const holding = distinct(events.subarray(offsets[page], offsets[page + 1]), sessionOf);
    const newest = holding.slice(-SESSIONS_PER_PAGE).reverse();
    postings.set(newest, posted);
    posted += newest.length;
    postingOffsets[page + 1] = posted;
    if (holding.length > 0) rarity[page] = Math.log(1 + kept.length / holding.length);
  }
  return {
    sessionOffsets: kept.offsets,
    pages: Uint32Array.from(kept.ids),
    postingOffsets,
    postings: postings.slice(0, posted),
    rarity,
  };
}

/** The newest sessions that have a page to share and another to score, without unknown pages. */
function newestSessions(sessions: TokenSessions, maxEvents: number): TokenSessions {
  const kept: Int32Array[] = [];
  let events = 0;
  for (let session = sessions.length - 1; session >= 0; session--) {
    const pages = sessions.at(session).filter((id) => id >= FIRST_TOKEN_ID);
    for (let end = pages.length; end > 1; end -= SESSION_PAGES) {
      const piece = pages.subarray(Math.max(0, end - SESSION_PAGES), end);
      events += piece.length;
      if (events > maxEvents) return TokenSessions.of(kept.reverse());
      kept.push(piece);
    }
  }
  return TokenSessions.of(kept.reverse());
}

/** The sessions of some events of rising place, once each. */
function distinct(events: Uint32Array, sessionOf: Uint32Array): number[] {
  const found: number[] = [];
  for (const event of events) {
    const session = sessionOf[event] ?? 0;
    if (found.at(-1) !== session) found.push(session);
  }
  return found;
}

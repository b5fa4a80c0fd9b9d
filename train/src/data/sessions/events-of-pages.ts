import type { TokenSessions } from './token-sessions.ts';

/** Where each page was seen: an index from ids to events. */
export interface EventsOfPages {
  /** uint32 [V + 1]: where each page's events begin, and the end of the last. */
  readonly offsets: Uint32Array;
  /** uint32 [events], rising within a page. */
  readonly events: Uint32Array;
}

/** Turns ids by event into events by id. @param size V. */
export function eventsOfPages({ ids }: Pick<TokenSessions, 'ids'>, size: number): EventsOfPages {
  const offsets = new Uint32Array(size + 1);
  for (const id of ids) offsets[id + 1] = (offsets[id + 1] ?? 0) + 1;
  for (let id = 0; id < size; id++) offsets[id + 1] = (offsets[id + 1] ?? 0) + (offsets[id] ?? 0);
  const next = offsets.slice();
  const events = new Uint32Array(ids.length);
  for (const [event, id] of ids.entries()) {
    const at = next[id] ?? 0;
    events[at] = event;
    next[id] = at + 1;
  }
  return { offsets, events };
}

/** uint32 [events]: the session that each event is in. */
export function sessionsOfEvents({ offsets, length, ids }: TokenSessions): Uint32Array {
  const sessions = new Uint32Array(ids.length);
  for (let session = 0; session < length; session++) {
    sessions.fill(session, offsets[session], offsets[session + 1]);
  }
  return sessions;
}

import { UserError } from '../user-error.ts';

export const FORMATS = ['events', 'sessions', 'index'] as const;
export type Format = (typeof FORMATS)[number];

/** Sessions of pages, in time order where the data has times, else in file order. */
export interface Dataset {
  readonly format: Format;
  /** Each of at least two pages, oldest first. */
  readonly sessions: readonly (readonly string[])[];
  /** Sessions of one page, left out: they hold nothing to predict. */
  readonly singlePageSessions: number;
}

/** Keeps the sessions that hold a prediction. @throws UserError when none does. */
export function createDataset(format: Format, path: string, all: readonly (readonly string[])[]): Dataset {
  const sessions = all.filter((session) => session.length > 1);
  if (sessions.length === 0) {
    const found = all.length === 0 ? 'it holds none' : `its ${all.length} sessions have one page each`;
    throw new UserError(`${path}: no session of two pages or more to learn from; ${found}`);
  }
  return { format, sessions, singlePageSessions: all.length - sessions.length };
}

/** How many pages all sessions hold together. */
export function countEvents(sessions: readonly (readonly string[])[]): number {
  return sessions.reduce((sum, session) => sum + session.length, 0);
}

/** Holds the last sessions out: at least one on either side. @throws UserError when there is only one session. */
export function splitLast(sessions: readonly (readonly string[])[], fraction: number) {
  if (sessions.length < 2)
    throw new UserError('the data holds one session; at least two are needed to hold one out');
  const held = Math.min(sessions.length - 1, Math.max(1, Math.round(sessions.length * fraction)));
  return { train: sessions.slice(0, -held), validation: sessions.slice(-held) };
}

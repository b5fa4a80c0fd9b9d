import { createRandom } from '../../random.ts';
import { UserError } from '../../user-error.ts';
import type { Sessions } from './sessions.ts';

/** What is held out: the last share of the sessions, those of the last day, or a random share. */
export const SPLITS = ['last', 'last-day', 'random'] as const;
export type Split = (typeof SPLITS)[number];

const DAY_S = 86_400;

/**
 * Holds whole sessions out, at least one on either side: by time where the data has it, else by the order of lines. A
 * random share is easier than what will be asked of the model, since its sessions are as old as those it learns from.
 * @param options.share of the sessions, 0 to 1; of no meaning for the last day.
 * @throws UserError when there is only one session, or no last day.
 */
export function splitSessions(
  sessions: Sessions,
  { split, share, seed }: { split: Split; share: number; seed: number },
): { train: Sessions; held: Sessions } {
  if (sessions.length < 2)
    throw new UserError('the data holds one session; at least two are needed to hold one out');
  if (split === 'last-day') return splitAt(sessions, startOfLastDay(sessions));
  const held = Math.min(sessions.length - 1, Math.max(1, Math.round(sessions.length * share)));
  if (split === 'last') return splitAt(sessions, sessions.length - held);
  const order = Array.from({ length: sessions.length }, (_, i) => i);
  createRandom(seed).shuffle(order);
  const inOrder = (chosen: number[]) => sessions.select(chosen.sort((a, b) => a - b));
  return { train: inOrder(order.slice(held)), held: inOrder(order.slice(0, held)) };
}

function splitAt(sessions: Sessions, at: number) {
  return { train: sessions.slice(0, at), held: sessions.slice(at) };
}

/** The first session that began within 24 hours before the last one did. */
function startOfLastDay({ starts, length }: Sessions): number {
  if (!starts) throw new UserError('--split last-day: the data has no times; use last or random');
  const last = starts[length - 1] ?? 0;
  const at = starts.findIndex((start) => start > last - DAY_S);
  if (at <= 0) throw new UserError('--split last-day: the data spans no more than a day; use last or random');
  return at;
}

/**
 * Takes from held-out sessions the events of pages that training did not see: no model can predict them. Sessions of
 * which one page is left have nothing to predict and go too.
 * @returns what is left, and how many events were of unseen pages.
 */
export function removeUnseen(
  held: Sessions,
  isSeen: (page: string) => boolean,
): { sessions: Sessions; unseenEvents: number } {
  const { sessions, removedEvents } = held.keepPages(isSeen);
  return { sessions, unseenEvents: removedEvents };
}

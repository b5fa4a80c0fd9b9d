import { FIRST_TOKEN_ID, PADDING_ID } from '@pathcast/models/vocabulary';
import { eventsOfPages, sessionsOfEvents } from '../data/sessions/events-of-pages.ts';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import { rankAmong } from './ranking.ts';
import type { Steps } from './steps.ts';
import { rankVsknn } from './vsknn.ts';

/**
 * Ranks each step's target by what any newcomer would try first.
 * @param size V.
 * @returns uint32 [steps] each, 1 for the best, ties against the target.
 */
export async function rankBaselines(
  train: TokenSessions,
  steps: Steps,
  size: number,
): Promise<Record<'popularity' | 'markov' | 'vsknn', Uint32Array>> {
  return {
    popularity: rankPopularity(train, steps, size),
    markov: rankMarkov(train, steps, size),
    vsknn: await rankVsknn(train, steps, size),
  };
}

/**
 * Ranks each step's target by how often training saw each page.
 * @param size V. Ids below 2 are never targets.
 * @returns uint32 [steps], 1 for the best, ties against the target.
 */
export function rankPopularity(train: TokenSessions, steps: Steps, size: number): Uint32Array {
  const counts = new Float64Array(size);
  for (const id of train.ids) counts[id] = (counts[id] ?? 0) + 1;
  const rankOf = ranker(counts.subarray(FIRST_TOKEN_ID));
  return Uint32Array.from({ length: steps.length }, (_, step) => rankOf(counts[steps.target(step)] ?? 0));
}

/**
 * Ranks each step's target by a first-order Markov chain: how often training saw each page follow the current one.
 * Pages that never did are tied at the end.
 * @param size V.
 * @returns uint32 [steps], 1 for the best, ties against the target.
 */
export function rankMarkov(train: TokenSessions, steps: Steps, size: number): Uint32Array {
  const followersOf = countFollowers(train, size);
  const pages = new Map<number, { counts: Map<number, number>; rankOf: (count: number) => number }>();
  return Uint32Array.from({ length: steps.length }, (_, step) => {
    const current = steps.history(step, 1)[0] ?? PADDING_ID;
    let page = pages.get(current);
    if (!page) {
      const counts = followersOf(current);
      page = { counts, rankOf: ranker([...counts.values()]) };
      pages.set(current, page);
    }
    const count = page.counts.get(steps.target(step));
    return count === undefined ? size - FIRST_TOKEN_ID : page.rankOf(count);
  });
}

/** Ranks scores among others, each but once: of a popular page the same is asked many times. */
function ranker(scores: ArrayLike<number>): (score: number) => number {
  const ranks = new Map<number, number>();
  return (score) => {
    const rank = ranks.get(score) ?? rankAmong(scores, score);
    ranks.set(score, rank);
    return rank;
  };
}

/** Counts how often each page follows a given one, of that one only: maps of a million pages would not fit. */
function countFollowers(sessions: TokenSessions, size: number): (page: number) => Map<number, number> {
  const { offsets, events } = eventsOfPages(sessions, size);
  const sessionOf = sessionsOfEvents(sessions);
  return (page) => {
    const counts = new Map<number, number>();
    for (const event of events.subarray(offsets[page], offsets[page + 1])) {
      if (sessionOf[event] !== sessionOf[event + 1]) continue; // the session's last
      const next = sessions.ids[event + 1] ?? PADDING_ID;
      counts.set(next, (counts.get(next) ?? 0) + 1);
    }
    return counts;
  };
}

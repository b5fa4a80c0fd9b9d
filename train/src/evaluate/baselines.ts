import { FIRST_TOKEN_ID, PADDING_ID } from '@pathcast/models/vocabulary';
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
  const followers = countTransitions(train);
  const rankers = new Map<number, (count: number) => number>();
  return Uint32Array.from({ length: steps.length }, (_, step) => {
    const current = steps.history(step, 1)[0] ?? PADDING_ID;
    const counts = followers.get(current);
    const count = counts?.get(steps.target(step));
    if (!counts || !count) return size - FIRST_TOKEN_ID;
    const rankOf = rankers.get(current) ?? ranker([...counts.values()]);
    rankers.set(current, rankOf);
    return rankOf(count);
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

/** current page → next page → how often. */
function countTransitions(sessions: TokenSessions): Map<number, Map<number, number>> {
  const followers = new Map<number, Map<number, number>>();
  for (const session of sessions) {
    for (let i = 1; i < session.length; i++) {
      const current = session[i - 1] ?? PADDING_ID;
      const next = session[i] ?? PADDING_ID;
      let counts = followers.get(current);
      if (!counts) {
        counts = new Map();
        followers.set(current, counts);
      }
      counts.set(next, (counts.get(next) ?? 0) + 1);
    }
  }
  return followers;
}

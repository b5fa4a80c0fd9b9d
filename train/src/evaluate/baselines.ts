import type { Ranking } from '@pathcast/models/manifest';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import { RankingTally } from './ranking.ts';

type Sessions = readonly (readonly number[])[];

/** A step to predict: the page it is asked on, and the page that followed. */
export interface Step {
  readonly current: number;
  readonly target: number;
}

/** Every step of every session whose target is a token. */
export function stepsOf(sessions: Sessions): Step[] {
  return sessions.flatMap((session) =>
    session
      .slice(1)
      .map((target, i) => ({ current: session[i] ?? 0, target }))
      .filter(isScored),
  );
}

/** The last step of every session whose target is a token: what the tutorial predicts. */
export function lastStepsOf(sessions: Sessions): Step[] {
  return sessions
    .map((session) => ({ current: session.at(-2) ?? 0, target: session.at(-1) ?? 0 }))
    .filter(isScored);
}

function isScored({ target }: Step): boolean {
  return target >= FIRST_TOKEN_ID;
}

/**
 * Ranks each step's target by how often training saw each page.
 * @param size V. Ids below 2 are never targets.
 */
export function evaluatePopularity(train: Sessions, steps: readonly Step[], size: number): Ranking {
  const counts = new Float64Array(size);
  for (const session of train) for (const id of session) counts[id] = (counts[id] ?? 0) + 1;
  const ranks = new Map<number, number>();
  const tally = new RankingTally();
  for (const { target } of steps) {
    const rank = ranks.get(target) ?? rankAmong(counts.subarray(FIRST_TOKEN_ID), counts[target] ?? 0);
    ranks.set(target, rank);
    tally.add(rank);
  }
  return tally.result();
}

/**
 * Ranks each step's target by a first-order Markov chain: how often training saw each page follow the current one.
 * Pages that never did are tied at the end.
 * @param size V.
 */
export function evaluateMarkov(train: Sessions, steps: readonly Step[], size: number): Ranking {
  const followers = countTransitions(train);
  const tally = new RankingTally();
  for (const { current, target } of steps) {
    const counts = followers.get(current);
    const seen = counts?.get(target);
    tally.add(counts && seen ? rankAmong(counts.values(), seen) : size - FIRST_TOKEN_ID);
  }
  return tally.result();
}

/** current page → next page → how often. */
function countTransitions(sessions: Sessions): Map<number, Map<number, number>> {
  const followers = new Map<number, Map<number, number>>();
  for (const session of sessions) {
    for (let i = 1; i < session.length; i++) {
      const current = session[i - 1] ?? 0;
      const next = session[i] ?? 0;
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

/** The rank of one of the scores: how many are at least as large, itself included. */
function rankAmong(scores: Iterable<number>, target: number): number {
  let rank = 0;
  for (const score of scores) if (score >= target) rank++;
  return rank;
}

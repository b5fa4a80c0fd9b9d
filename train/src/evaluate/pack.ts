import type { Ranking } from '@pathcast/models/manifest';
import type { Part } from '@pathcast/models/predictor/parts';
import type { Predictor } from '@pathcast/models/predictor/predictor';
import { CUTOFF, RankingTally } from './ranking.ts';

/**
 * Ranks the next page at every step of the sessions with the product's own predictor, as the edge would.
 * @param sessions of pages that the model knows.
 */
export function evaluatePredictor(
  predictor: Predictor,
  sessions: Iterable<readonly string[]>,
  part?: Part,
): Ranking {
  const tally = new RankingTally();
  for (const session of sessions) {
    for (const [i, target] of session.entries()) {
      if (i === 0) continue;
      const history = session.slice(Math.max(0, i - predictor.spec.steps), i);
      tally.add(rankOf(predictor.next(history, { top: CUTOFF, ...(part ? { part } : {}) }), target));
    }
  }
  return tally.result();
}

/** The target's rank, ties within the list against it; past the list when it is not there. */
export function rankOf(next: readonly { page: string; probability: number }[], target: string): number {
  const found = next.find(({ page }) => page === target);
  if (!found) return next.length + 1;
  return next.filter(({ probability }) => probability >= found.probability).length;
}

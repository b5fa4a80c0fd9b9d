import type { Ranking } from '@pathcast/models/manifest';
import type { Part } from '@pathcast/models/predictor/parts';
import type { Predictor } from '@pathcast/models/predictor/predictor';
import { CUTOFF, RankingTally } from './ranking.ts';

/**
 * Ranks the next page at every step of the sessions with the product's own predictor, as the edge would.
 *
 * Steps whose page the model does not know cannot be answered; they are left out and counted.
 * @param isKnown whether a page is in the vocabulary.
 */
export function evaluatePredictor(
  predictor: Predictor,
  sessions: readonly (readonly string[])[],
  options: { isKnown: (page: string) => boolean; part?: Part },
): { ranking: Ranking; unknownTargets: number } {
  const tally = new RankingTally();
  let unknownTargets = 0;
  for (const session of sessions) {
    for (let i = 1; i < session.length; i++) {
      const target = session[i] ?? '';
      if (!options.isKnown(target)) {
        unknownTargets++;
        continue;
      }
      const history = session.slice(Math.max(0, i - predictor.spec.steps), i);
      const next = predictor.next(history, { top: CUTOFF, ...(options.part ? { part: options.part } : {}) });
      tally.add(rankOf(next, target));
    }
  }
  return { ranking: tally.result(), unknownTargets };
}

/** The target's rank, ties within the list against it; past the list when it is not there. */
export function rankOf(next: readonly { page: string; probability: number }[], target: string): number {
  const found = next.find(({ page }) => page === target);
  if (!found) return next.length + 1;
  return next.filter(({ probability }) => probability >= found.probability).length;
}

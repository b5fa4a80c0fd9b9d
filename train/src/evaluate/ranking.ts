import type { Ranking } from '@pathcast/models/manifest';
import type { ScoredStep } from './scored-steps.ts';
import type { Steps } from './steps.ts';

/** Places beyond this count as misses in MRR@20 and every recall. */
export const CUTOFF = 20;

/** Adds up the ranks of targets. A rank is 1 for the best; ties count against the model. */
export class RankingTally {
  #predictions = 0;
  #at1 = 0;
  #at5 = 0;
  #at20 = 0;
  #reciprocal = 0;

  add(rank: number): void {
    this.#predictions++;
    if (rank > CUTOFF) return;
    this.#at20++;
    this.#reciprocal += 1 / rank;
    if (rank <= 5) this.#at5++;
    if (rank === 1) this.#at1++;
  }

  /** Shares of all predictions, 0 to 1; all 0 when there were none. */
  result(): Ranking {
    const n = Math.max(1, this.#predictions);
    return {
      predictions: this.#predictions,
      recallAt1: this.#at1 / n,
      recallAt5: this.#at5 / n,
      recallAt20: this.#at20 / n,
      mrrAt20: this.#reciprocal / n,
    };
  }
}

/** The quality that some ranks come to. */
export function rankingOf(ranks: Iterable<number>): Ranking {
  const tally = new RankingTally();
  for (const rank of ranks) tally.add(rank);
  return tally.result();
}

/** The rank of one of the scores: how many are at least as large, itself included. */
export function rankAmong(scores: ArrayLike<number>, target: number): number {
  let rank = 0;
  for (let i = 0; i < scores.length; i++) if ((scores[i] ?? 0) >= target) rank++;
  return rank;
}

/**
 * Ranks the targets of steps that arrive in any order.
 * @returns uint32 [steps], 1 for the best, ties against the target; 0 for a step that did not arrive.
 */
export async function rankScored(
  steps: Steps,
  scored: AsyncIterable<Pick<ScoredStep, 'event' | 'target' | 'probabilities'>>,
): Promise<Uint32Array> {
  const ranks = new Uint32Array(steps.length);
  for await (const { event, target, probabilities } of scored) {
    ranks[steps.stepOf(event)] = rankAmong(probabilities, probabilities[target] ?? 0);
  }
  return ranks;
}

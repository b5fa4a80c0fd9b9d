import type { Ranking } from '@pathcast/models/manifest';

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

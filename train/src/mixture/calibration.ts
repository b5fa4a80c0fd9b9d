import type { Calibration } from '@pathcast/models/manifest';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';

/** Thresholds of the table: finer where most sites will choose. */
export const THRESHOLDS = [
  0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7,
  0.8, 0.9,
] as const;
/** Equal bins of probability, as in the paper. */
const BINS = 15;

/**
 * Measures how far probabilities can be trusted: at each step, whether the likeliest page came next, by the probability
 * it was given.
 * @see Guo et al.: On calibration of modern neural networks (ICML 2017), §2, expected calibration error with 15 bins.
 */
export class Reliability {
  readonly #predicted = new Float64Array(BINS);
  readonly #observed = new Float64Array(BINS);
  readonly #counts = new Float64Array(BINS);

  /** @param probability of the likeliest page, 0 to 1. */
  add(probability: number, cameNext: boolean): void {
    const bin = Math.min(BINS - 1, Math.floor(probability * BINS));
    this.#predicted[bin] = (this.#predicted[bin] ?? 0) + probability;
    this.#observed[bin] = (this.#observed[bin] ?? 0) + (cameNext ? 1 : 0);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
  }

  /** The bins that hold a step, by rising probability. */
  bins(): Calibration['bins'] {
    return Array.from(this.#counts, (count, bin) => ({
      predicted: (this.#predicted[bin] ?? 0) / count,
      observed: (this.#observed[bin] ?? 0) / count,
      count,
    })).filter(({ count }) => count > 0);
  }

  /** The expected calibration error: the mean gap between predicted and observed, by count. 0 without a step. */
  error(): number {
    const bins = this.bins();
    const steps = bins.reduce((sum, { count }) => sum + count, 0);
    const gaps = bins.reduce(
      (sum, { predicted, observed, count }) => sum + count * Math.abs(predicted - observed),
      0,
    );
    return gaps / Math.max(1, steps);
  }
}

/** Measures what a site gets that prefetches, at every step, every page whose probability is at least a threshold. */
export class ThresholdTable {
  readonly #fetches = new Float64Array(THRESHOLDS.length);
  readonly #used = new Float64Array(THRESHOLDS.length);
  #steps = 0;

  /** @param probabilities float32 [V]. */
  add(probabilities: Float32Array, target: number): void {
    this.#steps++;
    const [lowest] = THRESHOLDS;
    for (let id = FIRST_TOKEN_ID; id < probabilities.length; id++) {
      const probability = probabilities[id] ?? 0;
      if (probability >= lowest) this.#fetch(probability, id === target);
    }
  }

  #fetch(probability: number, isUsed: boolean): void {
    for (const [row, threshold] of THRESHOLDS.entries()) {
      if (probability < threshold) break;
      this.#fetches[row] = (this.#fetches[row] ?? 0) + 1;
      if (isUsed) this.#used[row] = (this.#used[row] ?? 0) + 1;
    }
  }

  /** By rising threshold, without those at which nothing is fetched. */
  rows(): Calibration['thresholds'] {
    return THRESHOLDS.map((threshold, row) => {
      const fetches = this.#fetches[row] ?? 0;
      const used = this.#used[row] ?? 0;
      return {
        threshold,
        precision: used / fetches,
        coverage: used / this.#steps,
        fetches: fetches / this.#steps,
        wasted: (fetches - used) / this.#steps,
      };
    }).filter(({ fetches }) => fetches > 0);
  }
}

/** The likeliest token. @param probabilities float32 [V]. */
export function likeliest(probabilities: Float32Array): number {
  let best = FIRST_TOKEN_ID;
  for (let id = FIRST_TOKEN_ID; id < probabilities.length; id++) {
    if ((probabilities[id] ?? 0) > (probabilities[best] ?? 0)) best = id;
  }
  return best;
}

import type { Ranking } from '@pathcast/models/manifest';
import { CUTOFF } from './ranking.ts';
import type { Steps } from './steps.ts';

/** A mean over steps and its 95 % interval, of ends low and high. */
export interface MeanInterval {
  readonly mean: number;
  readonly interval95: [low: number, high: number];
}

/** What a step adds to recall@20 and MRR@20. */
const MEASURES = {
  recallAt20: (rank: number) => (rank <= CUTOFF ? 1 : 0),
  mrrAt20: (rank: number) => (rank <= CUTOFF ? 1 / rank : 0),
};
export type Measure = keyof typeof MEASURES;

/**
 * The 95 % intervals of recall@20 and MRR@20.
 * @param ranks uint32 [steps].
 * @returns ends of 0 to 1; undefined for fewer than two sessions, of which no spread is known.
 */
export function rankingIntervals(steps: Steps, ranks: Uint32Array): Ranking['interval95'] {
  const ends = (measure: Measure) =>
    meanInterval(steps, (step) => MEASURES[measure](ranks[step] ?? 0))?.interval95.map((end) =>
      Math.min(1, Math.max(0, end)),
    ) as [number, number] | undefined; // two ends, mapped
  const recallAt20 = ends('recallAt20');
  const mrrAt20 = ends('mrrAt20');
  return recallAt20 && mrrAt20 && { recallAt20, mrrAt20 };
}

/**
 * By how much one ranking is better than another at the same steps, and the 95 % interval of that: much narrower than
 * the two intervals apart, since both find the same steps hard.
 * @param ranks uint32 [steps].
 * @returns undefined for fewer than two sessions.
 */
export function differenceInterval(
  steps: Steps,
  ranks: Uint32Array,
  others: Uint32Array,
  measure: Measure,
): MeanInterval | undefined {
  const gain = MEASURES[measure];
  return meanInterval(steps, (step) => gain(ranks[step] ?? 0) - gain(others[step] ?? 0));
}

/**
 * The mean of a value over steps, and its 95 % interval with sessions as the independent unit: steps of one session
 * rise and fall together. The cluster-robust variance of a ratio, with Student's t. Drawing few sessions of YooChoose
 * 100k's, it holds the mean of all as often as a bootstrap over sessions (30 sessions 91 and 91 %, 300 95 and 95 %), needs
 * no seed and takes no time.
 * @see Cochran: Sampling techniques (1977), §6.3, on ratio estimates of clusters.
 */
export function meanInterval(steps: Steps, valueAt: (step: number) => number): MeanInterval | undefined {
  const sums = new Float64Array(steps.sessions.length);
  const counts = new Float64Array(steps.sessions.length);
  let total = 0;
  for (const [step, session] of steps.sessionOf.entries()) {
    const value = valueAt(step);
    sums[session] = (sums[session] ?? 0) + value;
    counts[session] = (counts[session] ?? 0) + 1;
    total += value;
  }
  const sessions = counts.filter((count) => count > 0).length;
  if (sessions < 2) return undefined;
  const mean = total / steps.length;
  const squares = sums.reduce((sum, value, session) => sum + (value - mean * (counts[session] ?? 0)) ** 2, 0);
  const error = Math.sqrt((squares * sessions) / (sessions - 1)) / steps.length;
  const half = studentT95(sessions - 1) * error;
  return { mean, interval95: [mean - half, mean + half] };
}

const NORMAL_95 = 1.959964;
/** Student's t at 95 % for 1 to 4 degrees of freedom, where the expansion below is off by more than 1 %. */
const FEW = [12.7062, 4.3027, 3.1824, 2.7764];

/** The two-sided 95 % point of Student's t, within 1 %. @see Abramowitz, Stegun: 26.7.5, the expansion. */
function studentT95(freedom: number): number {
  const z = NORMAL_95;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  return FEW[freedom - 1] ?? z + first / freedom + second / freedom ** 2;
}

import type { BreakdownRow } from '@pathcast/models/manifest';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import { rankingOf } from './ranking.ts';
import type { Steps } from './steps.ts';

/** Where the rows begin: most visits are short. */
const HISTORY_LENGTHS = [1, 2, 3, 5, 10];
/** Where the rows begin: page visits spread over powers. */
const PAGE_FREQUENCIES = [1, 4, 16, 64, 256, 1024];

/** Rankings uint32 [steps] of the same steps by name. */
export type NamedRanks = Readonly<Record<string, Uint32Array>>;

/** The quality by how many pages came before the step. */
export function byHistoryLength(steps: Steps, ranks: NamedRanks): BreakdownRow[] {
  return breakDown(steps, ranks, HISTORY_LENGTHS, (step) => steps.historyLength(step));
}

/**
 * The quality by how often training saw the page that is to be predicted.
 * @param counts uint32 [V − 2]: how often training saw each token.
 */
export function byPageFrequency(steps: Steps, ranks: NamedRanks, counts: Uint32Array): BreakdownRow[] {
  return breakDown(
    steps,
    ranks,
    PAGE_FREQUENCIES,
    (step) => counts[steps.target(step) - FIRST_TOKEN_ID] ?? 0,
  );
}

/** @param starts rising: each row reaches up to the next one's start. Rows without a step are left out. */
function breakDown(
  steps: Steps,
  ranks: NamedRanks,
  starts: readonly number[],
  valueAt: (step: number) => number,
): BreakdownRow[] {
  const rows = starts.map((): number[] => []);
  for (let step = 0; step < steps.length; step++) {
    const value = valueAt(step);
    const row = starts.findLastIndex((start) => start <= value);
    rows[Math.max(0, row)]?.push(step);
  }
  return rows.flatMap((chosen, row) => {
    if (chosen.length === 0) return [];
    const rankings = Object.entries(ranks).map(([name, all]) => {
      const { recallAt20, mrrAt20 } = rankingOf(chosen.map((step) => all[step] ?? 0));
      return [name, { recallAt20, mrrAt20 }];
    });
    const next = starts[row + 1];
    return {
      from: starts[row] ?? 0,
      to: next === undefined ? null : next - 1,
      predictions: chosen.length,
      rankings: Object.fromEntries(rankings),
    };
  });
}

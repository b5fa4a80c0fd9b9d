import { FIRST_TOKEN_ID } from '../vocabulary.ts';
import type { Candidates, SparseScores } from './candidates.ts';
import { returnRow, visitedIn } from './returns.ts';

/** Item-to-item rules: how often pages came near each other, the most frequent of each page. n rules in all. */
export interface RuleTables {
  /** uint32 [V + 1], rising: where each page's rules begin, and the end of the last. */
  readonly offsets: Uint32Array;
  /** uint32 [n]: the page that a rule leads to, 2 to V − 1. */
  readonly successors: Uint32Array;
  /** float32 [n], above 0: how often it followed, in transitions decayed by lag. */
  readonly counts: Float32Array;
  /** What a page counts for against the one after it, 0 to 1; with 0 the current page speaks alone. */
  readonly historyDecay: number;
  /**
   * float32 [2, 10, 10]: how often a visit comes back to the k-th newest of its pages, by whether it did before and by how
   * many pages it saw; each row sums to less than 1.
   */
  readonly returns: Float32Array;
}

/** The newest pages that speak. */
const HISTORY_PAGES = 8;
/** A page seen with this many transitions has half a say: what few visitors did is weak evidence. */
const EVIDENCE = 5;

/**
 * What the rules of a history's newest pages lead to.
 *
 * Each page's rules are a distribution over its successors. Pages are weighted by `historyDecay` to the power of how many
 * steps ago they were seen, and by their evidence n / (n + 5), with n their counts in all. What is left by the visits that
 * come back to one of their own pages is theirs.
 *
 * @param history ids, the newest last; ids below 2 say nothing.
 * @returns empty when none of these pages has a rule.
 */
export function ruleCandidates(
  rules: RuleTables,
  history: ArrayLike<number>,
  scores: SparseScores,
): Candidates {
  const { offsets, successors, counts, historyDecay } = rules;
  let sum = 0;
  let age = 1;
  const pages = historyDecay > 0 ? Math.min(HISTORY_PAGES, history.length) : 1;
  for (let lag = 0; lag < pages; lag++, age *= historyDecay) {
    const id = history[history.length - 1 - lag] ?? 0;
    if (id < FIRST_TOKEN_ID) continue;
    const start = offsets[id] ?? 0;
    const end = offsets[id + 1] ?? 0;
    let total = 0;
    for (let rule = start; rule < end; rule++) total += counts[rule] ?? 0;
    const weight = age / (total + EVIDENCE);
    for (let rule = start; rule < end; rule++) {
      scores.add(successors[rule] ?? 0, weight * (counts[rule] ?? 0));
    }
    sum += weight * total;
  }
  if (sum > 0) addReturns(rules.returns, history, sum, scores);
  return scores.takeCandidates();
}

/** Adds returns to scores of some sum, so that each page's share of the new sum is its rate of return. */
function addReturns(
  returns: Float32Array,
  history: ArrayLike<number>,
  sum: number,
  scores: SparseScores,
): void {
  const visited = visitedIn(history);
  const row = returnRow(visited);
  const rates = returns.subarray(row, row + visited.pages.length);
  const left = 1 - rates.reduce((total, rate) => total + rate, 0);
  for (const [k, page] of visited.pages.entries()) {
    const rate = rates[k] ?? 0;
    if (rate > 0) scores.add(page, (sum * rate) / left);
  }
}

import type { PageProbability } from '../types.ts';

/** Pages fetched ahead of a navigation at most: a fourth is opened too seldom to pay. */
const MOST = 3;

/** Above every probability: nothing is fetched. */
export const NEVER = 2;

/** A page that is fetched. */
export interface ChosenPage {
  readonly page: string;
  readonly probability: number;
  readonly url: string;
}

/** A row of the manifest's calibration. */
export interface ThresholdRow {
  readonly threshold: number;
  /** Fetches a navigation of pages that did not come next. */
  readonly wasted: number;
}

/** The lowest measured threshold that wastes no more fetches a navigation than the budget; {@link NEVER} without one. */
export function chooseThreshold(rows: readonly ThresholdRow[], maxWastedFetches: number): number {
  const within = rows.filter(({ wasted }) => wasted <= maxWastedFetches);
  return Math.min(NEVER, ...within.map(({ threshold }) => threshold)) || NEVER; // nor at 0, nor at what is no number
}

/**
 * The pages to fetch, likeliest first: at or above the threshold, and three at most. Pages of before are among them, as they are
 * in the table of thresholds: visitors come back.
 * @param open the page that is open, which no navigation leads to.
 * @param toUrl what to fetch for a page; nothing where it must not be fetched.
 */
export function choosePages(
  next: readonly PageProbability[],
  threshold: number,
  open: string | undefined,
  toUrl: (page: string) => string | undefined,
): ChosenPage[] {
  return next
    .flatMap(({ page, probability }) => {
      const url = probability >= threshold && page !== open && toUrl(page);
      return url ? { page, probability, url } : [];
    })
    .slice(0, MOST);
}

import type { ObservedVisit } from '../personal-model.ts';
import type { PageProbability } from '../types.ts';

/**
 * A page's own transitions weigh as much as the server's prediction once the visitor left it so many times. Chosen by
 * likelihood (docs/benchmarks.md): with it newcomers, who have most to lose, gain most.
 */
const K = 5;
/** Characters of the text: 32 kB, or twice that where names are not Latin. */
const MOST_CHARACTERS = 32_768;
/** What was seen before weighs so much once more is seen: about the newest hundred answers count. */
const FADING = 0.99;
/** Fetches in vain, promised and seen alike, that the sums start from, so that few answers change little. */
const PRIOR_WASTE = 1;

/** What a device has learnt. Kept as text, so that one bound and one guard hold for memory and storage alike. */
export interface Learnt {
  /** How often a transition was made: by both pages' names, a line break between; the least recently used first. */
  counts: Record<string, number>;
  /** Over answers: fetches in vain that fetching by the served probabilities promised, and those that were seen. */
  promised: number;
  wasted: number;
  /** The last answer's highest served probabilities and where it was given, until what was fetched there is told. */
  offer?: { readonly from: string; readonly served: readonly number[] } | undefined;
}

export const NOTHING = '{"counts":{},"promised":0,"wasted":0}';

/**
 * Changes what was learnt. Text that is damaged counts as nothing learnt.
 * @param change works in place; runs again, on nothing, where the text turns out damaged.
 * @returns at most 32,768 characters: transitions that were not used for the longest time are dropped.
 */
export function amend(text: unknown, change: (learnt: Learnt) => void): string {
  for (const before of [text, NOTHING]) {
    try {
      const learnt: Learnt = JSON.parse(before as string); // what is no text does not parse
      change(learnt);
      const { counts, promised, wasted } = learnt;
      const numbers = [promised, wasted, ...Object.values(counts)];
      // Neither negative nor anything else than a number.
      if (!numbers.every((number) => Math.abs(number) === number)) continue;
      for (const key of [...Object.keys(counts), '']) {
        const after = JSON.stringify(learnt);
        if (after.length <= MOST_CHARACTERS) return after;
        delete counts[key];
      }
    } catch {
      // Damaged.
    }
  }
  return NOTHING;
}

/**
 * Mixes the visitor's own transitions from a page into what was served. When the visitor left the page n times, c times to
 * some page, that one's probability is k/(n + k) times the served one plus n/(n + k) times c/n. A page that was not served
 * counts as served with 0.
 * @returns best first; in served order among equals.
 */
export function mix(
  { counts }: Learnt,
  from: string,
  served: readonly PageProbability[],
  k = K,
): PageProbability[] {
  let whole = k;
  const parts = new Map(served.map(({ page, probability }) => [page, probability * k]));
  for (const [key, count] of Object.entries(counts)) {
    const [at, page = ''] = key.split('\n');
    if (at !== from) continue;
    parts.set(page, (parts.get(page) ?? 0) + count);
    whole += count;
  }
  return [...parts]
    .map(([page, part]) => ({ page, probability: part / whole }))
    .sort((a, b) => b.probability - a.probability);
}

/**
 * Counts one more transition. Where it is told what was fetched ahead, also what of it was in vain, and what the pages that
 * were served at or above the threshold would have wasted by their own probabilities.
 */
export function learn(
  learnt: Learnt,
  from: string,
  { page: opened, fetched, threshold = 0 }: Omit<ObservedVisit, 'history'>,
): void {
  const key = `${from}\n${opened}`;
  const { [key]: count = 0, ...others } = learnt.counts;
  learnt.counts = { ...others, [key]: count + 1 }; // at the end, as the latest
  const { offer } = learnt;
  if (offer?.from !== from || !Array.isArray(fetched)) return;
  learnt.promised = offer.served.reduce(
    (sum, probability) => (probability < threshold ? sum : sum + 1 - probability),
    learnt.promised * FADING,
  );
  learnt.wasted = learnt.wasted * FADING + fetched.filter((page) => page !== opened).length;
  learnt.offer = undefined;
}

/**
 * A threshold on served probabilities, times the fetches in vain that were seen over those promised where these are fewer;
 * at most 1. Never lower than it was: what was saved would else be spent.
 * @param text of {@link amend}.
 */
export function rescale(served: number, text: string): number {
  const { promised, wasted }: Learnt = JSON.parse(text);
  return Math.min(1, served * Math.max(1, (wasted + PRIOR_WASTE) / (promised + PRIOR_WASTE)));
}

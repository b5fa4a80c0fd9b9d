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
/** Hits, predicted and seen alike, that the sums start from, so that few answers change little. */
const PRIOR_HITS = 10;

/** What a device has learnt. Kept as text, so that one bound and one guard hold for memory and storage alike. */
export interface Learnt {
  /** How often a transition was made: by both pages' names, a line break between; the least recently used first. */
  counts: Record<string, number>;
  /** Over the likeliest pages of answers: their probabilities' sum, and how many came next. */
  predicted: number;
  hits: number;
  /** The last answer's likeliest page and where it was given, until something is opened there. */
  offer?: ({ readonly from: string } & PageProbability) | undefined;
}

export const NOTHING = '{"counts":{},"predicted":0,"hits":0}';

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
      const { counts, predicted, hits } = learnt;
      const numbers = [predicted, hits, ...Object.values(counts)];
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

/** Counts one more transition, and whether it is the one that was thought likeliest. */
export function learn(learnt: Learnt, from: string, opened: string): void {
  const key = `${from}\n${opened}`;
  const { [key]: count = 0, ...others } = learnt.counts;
  learnt.counts = { ...others, [key]: count + 1 }; // at the end, as the latest
  const { offer } = learnt;
  if (offer?.from !== from) return;
  learnt.predicted = learnt.predicted * FADING + offer.probability;
  learnt.hits = learnt.hits * FADING + Number(offer.page === opened);
  learnt.offer = undefined;
}

/**
 * A threshold on served probabilities, times the hits that were predicted over those seen where these are fewer; at most 1.
 * Never lower than it was: more hits than predicted would else buy more waste.
 * @param text of {@link amend}.
 */
export function rescale(served: number, text: string): number {
  const { predicted, hits }: Learnt = JSON.parse(text);
  return Math.min(1, served * Math.max(1, (predicted + PRIOR_HITS) / (hits + PRIOR_HITS)));
}

import { FIRST_TOKEN_ID } from '../vocabulary.ts';
import { type Candidates, MOST_CANDIDATES, SparseScores } from './candidates.ts';
import { NeighbourSearch, type NeighbourTables } from './neighbours.ts';
import { largest, type Ranked } from './ranking.ts';
import { type RuleTables, ruleCandidates } from './rules.ts';
import { probabilityOf, type Scores } from './scorer.ts';

/** The parts that are mixed, in the order of their weights. */
export const MIXED_PARTS = ['recurrent', 'rules', 'neighbours'] as const;

/** What stands beside the recurrent model, and how they are mixed. */
export interface Mixture {
  /** What the recurrent logits are divided by before their softmax, above 0. */
  readonly temperature: number;
  /**
   * float32 [16, 3]: the weights of recurrent model, rules and neighbours by the current page's support bin, summing to 1;
   * the recurrent model's are above 0, those of a part that was left out are 0.
   */
  readonly weights: Float32Array;
  readonly rules?: RuleTables | undefined;
  readonly neighbours?: NeighbourTables | undefined;
}

export const SUPPORT_BINS = 16;

/** The bin of a page that training saw `count` times: 0 for never, then b for 2^(b − 1) up to 2^b, 15 for all beyond. */
export function supportBin(count: number): number {
  return Math.min(SUPPORT_BINS - 1, 32 - Math.clz32(count));
}

/** What rules and neighbours make of a history. */
export interface SparseParts {
  readonly rules: Candidates;
  readonly neighbours: Candidates;
}

const SILENT: Candidates = { ids: new Uint32Array(), probabilities: new Float32Array() };

/** Searches rules and neighbours. */
export interface PartSearch {
  /** @param history ids, the newest last. */
  rules(history: ArrayLike<number>): Candidates;
  neighbours(history: ArrayLike<number>): Candidates;
}

/** In plain TypeScript: the reference for the kernel. */
class PlainSearch implements PartSearch {
  readonly #rules: RuleTables | undefined;
  readonly #scores: SparseScores;
  readonly #search: NeighbourSearch | undefined;

  /** @param size V. */
  constructor({ rules, neighbours }: Mixture, size: number) {
    this.#rules = rules;
    this.#scores = new SparseScores(size, MOST_CANDIDATES);
    this.#search = neighbours && new NeighbourSearch(neighbours, this.#scores);
  }

  rules(history: ArrayLike<number>): Candidates {
    return this.#rules ? ruleCandidates(this.#rules, history, this.#scores) : SILENT;
  }

  neighbours(history: ArrayLike<number>): Candidates {
    return this.#search?.candidates(history) ?? SILENT;
  }
}

/** Answers from rules and neighbours, and mixes them into what the recurrent model says. */
export class Mixer implements PartSearch {
  readonly mixture: Mixture;
  readonly #counts: Uint32Array;
  readonly #search: PartSearch;

  /** @param counts uint32 [V − 2]: how often training saw each token. */
  constructor(
    mixture: Mixture,
    counts: Uint32Array,
    search: PartSearch = new PlainSearch(mixture, counts.length + FIRST_TOKEN_ID),
  ) {
    this.mixture = mixture;
    this.#counts = counts;
    this.#search = search;
  }

  rules(history: ArrayLike<number>): Candidates {
    return this.#search.rules(history);
  }

  neighbours(history: ArrayLike<number>): Candidates {
    return this.#search.neighbours(history);
  }

  /** The support bin of a history's newest page. */
  bin(history: ArrayLike<number>): number {
    return supportBin(this.#counts[(history[history.length - 1] ?? 0) - FIRST_TOKEN_ID] ?? 0);
  }

  /**
   * The k likeliest ids of the mixture, best first; equal ones rank the smaller id first. A page that neither rules nor neighbours
   * speak of can be among them only if it is among the recurrent model's k best: nothing else is worked out.
   * @param scores the recurrent model's.
   */
  mix(history: ArrayLike<number>, scores: Scores, k: number): Ranked[] {
    const { temperature, weights } = this.mixture;
    const parts = { rules: this.rules(history), neighbours: this.neighbours(history) };
    const [own, ...shares] = speakingWeights(weights, this.bin(history), {
      rules: parts.rules.ids.length > 0,
      neighbours: parts.neighbours.ids.length > 0,
    });
    const sum = scores.logSumExp(temperature);
    const mixed = new Map<number, number>();
    const mixedOf = (id: number) => mixed.get(id) ?? own * probabilityOf(scores, id, temperature, sum);
    for (const id of scores.top(k)) mixed.set(id, mixedOf(id));
    for (const [i, { ids, probabilities }] of [parts.rules, parts.neighbours].entries()) {
      const share = shares[i] ?? 0;
      if (share === 0) continue;
      for (const [at, id] of ids.entries()) {
        // Shares of 1 may add up to a little more in float32.
        mixed.set(id, Math.min(1, mixedOf(id) + share * (probabilities[at] ?? 0)));
      }
    }
    const ids = Uint32Array.from(mixed.keys()).sort();
    const probabilities = Float64Array.from(ids, (id) => mixed.get(id) ?? 0);
    return largest(probabilities, k).map((at) => ({ id: ids[at] ?? 0, probability: probabilities[at] ?? 0 }));
  }
}

/**
 * Mixes parts in place. The weight of a part that is silent is shared out among those that speak, in proportion to theirs.
 * @param probabilities float32 [V], the recurrent model's, summing to 1; then the mixture's.
 * @param weights float32 [16, 3].
 */
export function mixInto(
  probabilities: Float32Array,
  parts: SparseParts,
  weights: Float32Array,
  bin: number,
): void {
  const [recurrent, rules, neighbours] = speakingWeights(weights, bin, {
    rules: parts.rules.ids.length > 0,
    neighbours: parts.neighbours.ids.length > 0,
  });
  for (let i = 0; i < probabilities.length; i++) probabilities[i] = recurrent * (probabilities[i] ?? 0);
  addInto(probabilities, parts.rules, rules);
  addInto(probabilities, parts.neighbours, neighbours);
}

/** The weights of a bin, with those of silent parts shared out. @param speaks whether a part says anything. */
export function speakingWeights(
  weights: Float32Array,
  bin: number,
  speaks: { readonly rules: boolean; readonly neighbours: boolean },
): [recurrent: number, rules: number, neighbours: number] {
  const at = bin * MIXED_PARTS.length;
  const recurrent = weights[at] ?? 0;
  const rules = speaks.rules ? (weights[at + 1] ?? 0) : 0;
  const neighbours = speaks.neighbours ? (weights[at + 2] ?? 0) : 0;
  const sum = recurrent + rules + neighbours;
  return [recurrent / sum, rules / sum, neighbours / sum];
}

function addInto(
  probabilities: Float32Array,
  { ids, probabilities: added }: Candidates,
  weight: number,
): void {
  if (weight === 0) return;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] ?? 0;
    // Shares of 1 may add up to a little more in float32.
    probabilities[id] = Math.min(1, (probabilities[id] ?? 0) + weight * (added[i] ?? 0));
  }
}

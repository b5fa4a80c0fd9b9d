import type { Candidates } from './candidates.ts';
import type { KernelExports } from './kernel-exports.ts';
import { MOST_PLACES, type Places, SEARCHED_PAGES } from './layout.ts';
import { Mixer, type Mixture, type PartSearch, speakingWeights } from './mixture.ts';
import type { NeighbourTables } from './neighbours.ts';
import type { Ranked } from './ranking.ts';
import type { RuleTables } from './rules.ts';
import type { Scores } from './scorer.ts';

type PartPlaces = NonNullable<Places['parts']>;

/** Rules, neighbours and their mixture in WebAssembly, over a pack that lies in its memory. */
export class KernelMixer extends Mixer {
  readonly #kernel: KernelExports;
  readonly #search: KernelSearch;
  readonly #places: PartPlaces;
  readonly #best: Uint32Array;
  readonly #found: Uint32Array;
  readonly #ids: Uint32Array;
  readonly #probabilities: Float64Array;
  /** The numbers of a `Mixing`, and its addresses. */
  readonly #numbers: Float64Array;
  readonly #addresses: Uint32Array;

  /**
   * @param mixture whose tables are views of the kernel's memory.
   * @param counts uint32 [V − 2], likewise.
   */
  constructor(kernel: KernelExports, mixture: Mixture, counts: Uint32Array, places: PartPlaces) {
    const { buffer } = counts;
    const search = new KernelSearch(kernel, mixture, buffer, places);
    super(mixture, counts, search);
    const { mixing } = places;
    this.#kernel = kernel;
    this.#search = search;
    this.#places = places;
    this.#best = new Uint32Array(buffer, mixing.best, MOST_PLACES);
    this.#found = new Uint32Array(buffer, mixing.found, MOST_PLACES);
    this.#ids = new Uint32Array(buffer, mixing.ids);
    this.#probabilities = new Float64Array(buffer, mixing.probabilities);
    this.#numbers = new Float64Array(buffer, mixing.at, 5);
    this.#addresses = new Uint32Array(buffer, mixing.at + 40, 4);
  }

  override mix(history: ArrayLike<number>, scores: Scores, k: number): Ranked[] {
    // Asked for that many, or about scores that lie elsewhere, TypeScript mixes what the kernel finds.
    if (k > MOST_PLACES || scores.logits.buffer !== this.#best.buffer) return super.mix(history, scores, k);
    const { rules, neighbours, mixing, pages } = this.#places;
    const { temperature, weights } = this.mixture;
    const speaks = {
      rules: this.#search.findRules(history) > 0,
      neighbours: this.#search.findNeighbours(history) > 0,
    };
    const shares = speakingWeights(weights, this.bin(history), speaks);
    this.#numbers.set([...shares, 1 / temperature, scores.logSumExp(temperature)]);
    this.#addresses.set([scores.logits.byteOffset, pages, mixing.ids, mixing.probabilities]);
    const best = scores.top(k);
    this.#best.set(best);
    const [ours, theirs] = [rules.candidates.at, neighbours.candidates.at];
    const count = this.#kernel.mixBest(mixing.at, ours, theirs, mixing.best, best.length, mixing.found);
    return Array.from(this.#found.subarray(0, Math.min(k, count)), (place) => ({
      id: this.#ids[place] ?? 0,
      probability: this.#probabilities[place] ?? 0,
    }));
  }
}

/** Searches in WebAssembly. */
class KernelSearch implements PartSearch {
  readonly #kernel: KernelExports;
  readonly #places: PartPlaces;
  readonly #history: Uint32Array;
  readonly #rules: FoundCandidates;
  readonly #neighbours: FoundCandidates;
  readonly #has: { readonly rules: boolean; readonly neighbours: boolean };

  constructor(kernel: KernelExports, mixture: Mixture, buffer: ArrayBufferLike, places: PartPlaces) {
    const { rules, neighbours } = mixture;
    this.#kernel = kernel;
    this.#places = places;
    this.#history = new Uint32Array(buffer, places.history, SEARCHED_PAGES);
    this.#rules = new FoundCandidates(buffer, places.pages, places.rules.candidates);
    this.#neighbours = new FoundCandidates(buffer, places.pages, places.neighbours.candidates);
    this.#has = { rules: rules !== undefined, neighbours: neighbours !== undefined };
    if (rules) writeRules(buffer, places.rules.tables, rules);
    if (neighbours) writeNeighbours(buffer, places, neighbours);
  }

  rules(history: ArrayLike<number>): Candidates {
    return this.#rules.take(this.findRules(history));
  }

  neighbours(history: ArrayLike<number>): Candidates {
    return this.#neighbours.take(this.findNeighbours(history));
  }

  /** Leaves what the rules say in memory. @returns of how many pages. */
  findRules(history: ArrayLike<number>): number {
    if (!this.#has.rules) return 0;
    const { history: at, rules } = this.#places;
    this.#kernel.scoreRules(rules.tables, at, this.#put(history), rules.candidates.at);
    return this.#rules.count;
  }

  /** Leaves what the neighbours say in memory. @returns of how many pages. */
  findNeighbours(history: ArrayLike<number>): number {
    if (!this.#has.neighbours) return 0;
    const { history: at, neighbours, search } = this.#places;
    this.#kernel.scoreNeighbours(
      neighbours.tables,
      search.at,
      at,
      this.#put(history),
      neighbours.candidates.at,
    );
    return this.#neighbours.count;
  }

  /** @returns how many of a history's pages the kernel is given. */
  #put(history: ArrayLike<number>): number {
    const length = Math.min(history.length, SEARCHED_PAGES);
    for (let i = 0; i < length; i++) this.#history[i] = history[history.length - length + i] ?? 0;
    return length;
  }
}

/** The `Candidates` of `kernel/candidates.ts`. */
class FoundCandidates {
  readonly #fields: Uint32Array;
  readonly #ids: Uint32Array;
  readonly #shares: Float32Array;

  constructor(
    buffer: ArrayBufferLike,
    pages: number,
    { at, ids, shares, most }: PartPlaces['rules']['candidates'],
  ) {
    this.#fields = new Uint32Array(buffer, at, 5);
    this.#fields.set([pages, ids, shares, most, 0]);
    this.#ids = new Uint32Array(buffer, ids, most);
    this.#shares = new Float32Array(buffer, shares, most);
  }

  get count(): number {
    return this.#fields[4] ?? 0;
  }

  take(count: number): Candidates {
    return { ids: this.#ids.slice(0, count), probabilities: this.#shares.slice(0, count) };
  }
}

function writeRules(buffer: ArrayBufferLike, at: number, tables: RuleTables): void {
  const { offsets, successors, counts, returns, historyDecay } = tables;
  new Float64Array(buffer, at, 1)[0] = historyDecay;
  new Uint32Array(buffer, at + 8, 4).set([offsets, successors, counts, returns].map(addressOf));
}

function writeNeighbours(
  buffer: ArrayBufferLike,
  { neighbours: { tables }, search }: PartPlaces,
  { sessionOffsets, pages, postingOffsets, postings, rarity }: NeighbourTables,
): void {
  new Uint32Array(buffer, tables, 7).set([
    sessionOffsets.byteOffset,
    pages.byteOffset,
    pages.BYTES_PER_ELEMENT,
    postingOffsets.byteOffset,
    postings.byteOffset,
    rarity.byteOffset,
    sessionOffsets.length - 1,
  ]);
  const { at, sessions, likeness, lags, found, aged, best } = search;
  new Uint32Array(buffer, at, 6).set([sessions, likeness, lags, found, aged, best]);
}

function addressOf({ byteOffset }: ArrayBufferView): number {
  return byteOffset;
}

/** A probability distribution over a few pages: what a part makes of a history. Empty when it knows nothing. */
export interface Candidates {
  /** uint32 [n], 2 to V − 1, none twice. */
  readonly ids: Uint32Array;
  /** float32 [n], above 0, summing to 1. */
  readonly probabilities: Float32Array;
}

/** The most pages that a part speaks of: several times what a part of ours does. */
export const MOST_CANDIDATES = 8192;

/** Adds up scores of pages in an array that is made once, so that a request touches only what it scores. */
export class SparseScores {
  /** float32 [V]: 0 between uses. */
  readonly #values: Float32Array;
  readonly #ids: number[] = [];
  readonly #most: number;

  /** @param size V. @param most pages: those scored after so many others are passed over. */
  constructor(size: number, most = size) {
    this.#values = new Float32Array(size);
    this.#most = most;
  }

  /** @param score above 0. */
  add(id: number, score: number): void {
    const before = this.#values[id] ?? 0;
    if (before === 0) {
      if (this.#ids.length === this.#most) return;
      this.#ids.push(id);
    }
    this.#values[id] = before + score;
  }

  /** The pages scored since the last time, in order of first score, and their scores; starts again from nothing. */
  take(): { ids: Uint32Array; scores: Float32Array } {
    const ids = Uint32Array.from(this.#ids);
    const scores = Float32Array.from(ids, (id) => this.#values[id] ?? 0);
    for (const id of ids) this.#values[id] = 0;
    this.#ids.length = 0;
    return { ids, scores };
  }

  /** As `take`, as shares of their sum. */
  takeCandidates(): Candidates {
    const { ids, scores } = this.take();
    let sum = 0;
    for (const score of scores) sum += score;
    return { ids, probabilities: scores.map((score) => score / sum) };
  }
}

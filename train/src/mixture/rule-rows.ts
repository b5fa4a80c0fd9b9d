/** Rules of a page; what is rarer ranks too low to be fetched. */
export const RULES_PER_PAGE = 50;

/**
 * Collects the rules of page after page in flat columns, and never holds more than twice as many as are wanted: since
 * further pages can only make the rows shorter, rows are cut as soon as it is certain that they will be.
 */
export class RuleRows {
  readonly #most: number;
  /** uint32 [V + 1], as far as pages were added. */
  readonly #offsets: Uint32Array;
  #pages = 0;
  /** No row is longer in the end. */
  #perPage = RULES_PER_PAGE;
  #successors = new Uint32Array(1024);
  #counts = new Float32Array(1024);

  /**
   * @param size V.
   * @param most rules in all: where there are more, every page keeps fewer.
   */
  constructor(size: number, most: number) {
    this.#offsets = new Uint32Array(size + 1);
    this.#most = most;
  }

  /** Adds the next page's rules, the most frequent first. */
  add(ids: Uint32Array, scores: Float32Array): void {
    const start = this.#offsets[this.#pages] ?? 0;
    const length = Math.min(ids.length, this.#perPage);
    this.#reserve(start + length);
    this.#successors.set(ids.subarray(0, length), start);
    this.#counts.set(scores.subarray(0, length), start);
    this.#offsets[++this.#pages] = start + length;
    if (start + length > 2 * this.#most) this.#cut();
  }

  /** The tables, once every page was added. */
  finish(): { offsets: Uint32Array; successors: Uint32Array; counts: Float32Array } {
    this.#cut();
    const length = this.#offsets[this.#pages] ?? 0;
    return {
      offsets: this.#offsets,
      successors: this.#successors.slice(0, length),
      counts: this.#counts.slice(0, length),
    };
  }

  /** Shortens all rows to the longest length with which they are no more than wanted. */
  #cut(): void {
    const lengths = new Uint32Array(RULES_PER_PAGE + 1); // how many rows are so long
    for (let page = 0; page < this.#pages; page++) {
      const length = (this.#offsets[page + 1] ?? 0) - (this.#offsets[page] ?? 0);
      lengths[length] = (lengths[length] ?? 0) + 1;
    }
    this.#perPage = fittingLength(lengths, this.#most);
    let start = 0;
    for (let page = 0, from = 0; page < this.#pages; page++) {
      const end = this.#offsets[page + 1] ?? 0;
      const length = Math.min(end - from, this.#perPage);
      this.#successors.copyWithin(start, from, from + length);
      this.#counts.copyWithin(start, from, from + length);
      start += length;
      this.#offsets[page + 1] = start;
      from = end;
    }
  }

  #reserve(length: number): void {
    if (length <= this.#successors.length) return;
    const successors = new Uint32Array(Math.max(length, 2 * this.#successors.length));
    const counts = new Float32Array(successors.length);
    successors.set(this.#successors);
    counts.set(this.#counts);
    this.#successors = successors;
    this.#counts = counts;
  }
}

/** @param lengths uint32 [longest + 1]: how many rows have each length. */
function fittingLength(lengths: Uint32Array, most: number): number {
  const total = (perPage: number) =>
    lengths.reduce((sum, rows, length) => sum + rows * Math.min(length, perPage), 0);
  let perPage = lengths.length - 1;
  while (perPage > 0 && total(perPage) > most) perPage--;
  return perPage;
}

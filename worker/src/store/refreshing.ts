/** Options of {@link Refreshing}. */
export interface RefreshingOptions<T> {
  /** Makes the next value, given the one before it; a rejection is passed on and not kept. */
  readonly load: (previous: T | undefined) => Promise<T>;
  /** For how long a value is good, in ms. */
  readonly lifetimeMs: (value: T) => number;
  readonly now: () => number;
}

/** A value that is loaded when asked for, by one load at a time, and kept for its lifetime. */
export class Refreshing<T> {
  readonly #options: RefreshingOptions<T>;
  #kept: { readonly value: T; readonly until: number } | undefined;
  #loading: Promise<T> | undefined;

  constructor(options: RefreshingOptions<T>) {
    this.#options = options;
  }

  get(): Promise<T> {
    if (this.#kept && this.#options.now() < this.#kept.until) return Promise.resolve(this.#kept.value);
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<T> {
    const { load, lifetimeMs, now } = this.#options;
    const value = await load(this.#kept?.value);
    this.#kept = { value, until: now() + lifetimeMs(value) };
    return value;
  }
}

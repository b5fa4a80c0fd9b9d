/** An isolate has 128 MB, of which its heap and what a request needs take the rest. */
const DEFAULT_MB = 100;

/**
 * Reads `MODEL_MEMORY_MB`, a number above 0; says of anything else what is wrong with it, and gives the default.
 * @returns bytes that all loaded models may take together.
 */
export function readModelBytes(value: unknown, warn: (line: string) => void = console.warn): number {
  if (value === undefined || value === '') return DEFAULT_MB * 1e6;
  const mb = typeof value === 'string' ? Number(value) : value;
  if (typeof mb === 'number' && Number.isFinite(mb) && mb > 0) return mb * 1e6;
  warn(`MODEL_MEMORY_MB: ${JSON.stringify(value)} is no number above 0; ${DEFAULT_MB} is used`);
  return DEFAULT_MB * 1e6;
}

/** Who holds memory of a budget. */
export interface Holder {
  /** When it was last needed, in ms: who was needed longest ago gives way first. */
  readonly lastUsed: number;
  /** Lets go of everything; false when it cannot now. */
  release(): boolean;
}

/** The bytes that all models of an isolate may take together. */
export class MemoryBudget {
  readonly #held = new Map<Holder, number>();

  /** @param bytes of all models together. */
  constructor(readonly bytes: number) {}

  /** How many bytes are held. */
  get used(): number {
    return [...this.#held.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /**
   * Takes bytes beside what a holder has, for which others are let go of, the longest unused first.
   * @returns whether there was room.
   */
  take(holder: Holder, bytes: number): boolean {
    const others = [...this.#held.keys()].filter((other) => other !== holder);
    others.sort((a, b) => a.lastUsed - b.lastUsed);
    const own = this.#held.get(holder) ?? 0;
    if (own + bytes > this.bytes) return false; // letting others go would be for nothing
    while (this.used + bytes > this.bytes) {
      const oldest = others.shift();
      if (!oldest) return false;
      if (oldest.release()) this.#held.delete(oldest);
    }
    this.#held.set(holder, own + bytes);
    return true;
  }

  /** Sets what a holder has left. */
  keep(holder: Holder, bytes: number): void {
    if (bytes > 0) this.#held.set(holder, bytes);
    else this.#held.delete(holder);
  }
}

import type { Part } from '@pathcast/models/predictor/parts';
import type { ModelStore, ServedModel } from '../store/store.ts';
import type { ColdStarts } from './cold-starts.ts';

/** What a request asks of a model, as far as anyone but the model may know. */
export interface Asked {
  readonly instances: number;
  readonly part?: Part | undefined;
}

declare module 'hono' {
  interface ContextVariableMap {
    /** Set by the routes that predict, once the request is known to be valid. */
    asked: Asked;
    observation: Observation;
  }
}

/** Milliseconds, of which only differences mean anything. */
export type Clock = () => number;

/** What one request takes of the store: for which model, and for how long it waits. */
export class Observation {
  /** Names come from the store, never from the path: what a caller made up is not logged. */
  known: { readonly model: string; readonly version: string | null } | null = null;
  /** Whether the request waited for the load of a version. */
  isCold = false;

  readonly #now: Clock;
  readonly #coldStarts: ColdStarts;
  readonly #startedAt: number;
  #storeMs: number | undefined;
  #storeLeftAt: number | undefined;

  constructor(now: Clock, coldStarts: ColdStarts) {
    this.#now = now;
    this.#coldStarts = coldStarts;
    this.#startedAt = now();
  }

  /** The same store, with its work for this request measured. */
  watch(store: ModelStore): ModelStore {
    return {
      ...store,
      names: () => this.#time(() => store.names()),
      state: async (name) => {
        const turn = this.#coldStarts.turn();
        const before = this.#storeMs ?? 0;
        const state = await this.#time(() => store.state(name));
        const { served } = state;
        this.known = { model: name, version: served?.version ?? null };
        const hasWaited = toTenths((this.#storeMs ?? 0) - before) > 0; // else it was loaded behind other requests
        if (served && this.#coldStarts.isFirst(served, turn) && hasWaited) this.isCold = true;
        return { ...state, served: served && this.#watchRows(served) };
      },
      peek: (name) => this.#time(() => store.peek(name)),
      publicFiles: async (name, version) => {
        const files = await this.#time(() => store.publicFiles(name, version));
        this.known = { model: name, version };
        return files;
      },
      open: (...file) => this.#time(() => store.open(...file)),
      verify: (...file) => this.#time(() => store.verify(...file)),
    };
  }

  /** Milliseconds until now: all, those of the store, and those after it; undefined where it was not asked. */
  elapsed(): { totalMs: number; storeMs: number | undefined; afterStoreMs: number | undefined } {
    const now = this.#now();
    return {
      totalMs: now - this.#startedAt,
      storeMs: this.#storeMs,
      afterStoreMs: this.#storeLeftAt === undefined ? undefined : now - this.#storeLeftAt,
    };
  }

  /** The rows that a cold version reads for this request count as its loading. */
  #watchRows(served: ServedModel): ServedModel {
    return {
      ...served,
      prepare: (tokens) => {
        const reading = served.prepare(tokens);
        return reading && this.#time(() => reading);
      },
    };
  }

  async #time<T>(ask: () => Promise<T>): Promise<T> {
    const startedAt = this.#now();
    try {
      return await ask();
    } finally {
      this.#storeLeftAt = this.#now();
      this.#storeMs = (this.#storeMs ?? 0) + this.#storeLeftAt - startedAt;
    }
  }
}

/** Milliseconds as they are shown: to a tenth. */
export function toTenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

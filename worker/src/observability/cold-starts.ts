import type { ServedModel } from '../store/store.ts';

/**
 * Tells the requests that asked before a version had answered anyone from those that came later. Turns are counted, since
 * a Worker's clock may stand still between two requests.
 */
export class ColdStarts {
  #turns = 0;
  readonly #firstAnswers = new WeakMap<ServedModel, number>();

  /** To be taken before the store is asked. */
  turn(): number {
    return ++this.#turns;
  }

  /** Whether a request that took its turn then is among the first that the version answers. */
  isFirst(served: ServedModel, turn: number): boolean {
    const last = this.#firstAnswers.get(served) ?? this.#turns;
    this.#firstAnswers.set(served, last);
    return turn <= last;
  }
}

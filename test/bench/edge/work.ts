/** How many pages every way to an answer gives. */
export const TOP = 20;

/** Some work that can be timed, and how to make ready for a run of it. */
export interface Work {
  prepare?(): Promise<unknown>;
  /** @param turn counts up within a run, and chooses what is asked. @returns a promise where it is not done at once. */
  turn(turn: number): unknown;
}

/** What is asked, turn by turn: the same visits as names of pages and as ids. */
export interface Histories {
  readonly pages: readonly (readonly string[])[];
  readonly ids: readonly (readonly number[])[];
}

/** The item of a turn, from the first again after the last. @throws RangeError when there is none. */
export function atTurn<T>(items: readonly T[], turn: number): T {
  const item = items[turn % items.length];
  if (item === undefined) throw new RangeError('there is nothing to take in turns');
  return item;
}

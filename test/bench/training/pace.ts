import type { Crew } from '@pathcast/train/fit/crew';
import { median } from '../measure.ts';

const SCHEDULE = { learningRate: 0.1, steadyEpochs: 1000 };
/** Steps before the clock starts: an epoch begins by shuffling its windows, and workers by hearing of it. */
const WARM_UP = 4;

/** How fast some steps were. */
export interface Pace {
  readonly eventsPerSecond: number;
  readonly stepMs: number;
}

/** Times the first steps of an epoch, after a few to warm up. @throws RangeError when the epoch has too few. */
export async function paceOf(crew: Crew, epoch: number, steps: number): Promise<Pace> {
  let taken = 0;
  let events = 0;
  let started = 0;
  for await (const report of crew.run(epoch, 0, SCHEDULE)) {
    taken++;
    if (taken > WARM_UP) events += report.events;
    else started = performance.now();
    if (taken < WARM_UP + steps) continue;
    const ms = performance.now() - started;
    return { eventsPerSecond: (1000 * events) / ms, stepMs: ms / steps };
  }
  throw new RangeError(`an epoch has ${taken} steps, and ${WARM_UP + steps} are to be timed`);
}

/**
 * Measures several works side by side: each once to warm up, then in turns, so that noise falls on all alike.
 * @param works each returns its figure; a turn is 0 for the warm-up, then 1 to `turns`.
 * @returns the median of each.
 */
export async function inTurns<Name extends string>(
  works: Record<Name, (turn: number) => Promise<number>>,
  turns: number,
): Promise<Record<Name, number>> {
  const names = Object.keys(works) as Name[]; // a record's own keys
  const figures = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn <= turns; turn++) {
    for (const name of names) {
      const found = await works[name](turn);
      if (turn > 0) figures.get(name)?.push(found);
    }
  }
  const medians = names.map((name) => [name, median(figures.get(name) ?? [])]);
  return Object.fromEntries(medians) as Record<Name, number>; // the same keys
}

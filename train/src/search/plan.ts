import { COOL_EPOCHS } from '../fit/schedule.ts';

/** How a search halves: the challengers of the defaults, and the epochs at which the better half of them goes on. */
export interface Plan {
  /** Epochs of a whole fit: those of `navigation`, or fewer where time is short. */
  readonly epochs: number;
  /** Rising, `epochs` the last. */
  readonly rungs: readonly number[];
  readonly challengers: number;
}

/**
 * The first rung is at this share of the epochs. There the order of nine trials on the sample site agreed with the last
 * by 0.75, of six and of eight on 30 % of YooChoose 100k by 0.71 and 0.83 (Spearman).
 */
const FIRST_RUNG = 1 / 8;
/** With fewer challengers than this, shorter fits of more tell more. */
const FEW = 7;

/** The epoch of the first rung of fits of so many. */
export function firstRung(epochs: number): number {
  return Math.ceil(epochs * FIRST_RUNG);
}

/**
 * Plans with what an epoch of the defaults took.
 * @param options.epochs of a whole fit.
 * @param options.done epochs that the defaults have had.
 * @param options.affordable epochs that there is time for, those done included.
 * @param options.challengers at most; as many as time allows when not given.
 * @returns a plan without challengers when there is no time for one.
 */
export function planSearch(options: {
  epochs: number;
  done: number;
  affordable: number;
  challengers?: number | undefined;
}): Plan {
  const { done, affordable, challengers: wanted = Number.POSITIVE_INFINITY } = options;
  let best: Plan = planOf(options.epochs, 0);
  for (const epochs of shorter(options.epochs, done + COOL_EPOCHS)) {
    const plan = largest(epochs, affordable, wanted);
    if (plan.challengers > best.challengers) best = plan;
    if (best.challengers >= Math.min(FEW, wanted)) break;
  }
  return best;
}

/** Epochs of all trials together: the defaults go all the way. */
export function costOf({ rungs, challengers, epochs }: Plan): number {
  let field = challengers;
  let before = 0;
  let cost = epochs;
  for (const rung of rungs) {
    cost += field * (rung - before);
    field = betterHalf(field);
    before = rung;
  }
  return cost;
}

/** How many of a field go on. */
export function betterHalf(field: number): number {
  return Math.ceil(field / 2);
}

function planOf(epochs: number, challengers: number): Plan {
  const rungs = [FIRST_RUNG, 1 / 4, 1 / 2, 1].map((share) => Math.ceil(epochs * share));
  return { epochs, rungs: [...new Set(rungs)], challengers };
}

function largest(epochs: number, affordable: number, wanted: number): Plan {
  let plan = planOf(epochs, 0);
  while (plan.challengers < wanted) {
    const more = planOf(epochs, plan.challengers + 1);
    if (costOf(more) > affordable) break;
    plan = more;
  }
  return plan;
}

/** Fits of all epochs, and of halves of that, as long as the defaults are still at their full rate. */
function* shorter(epochs: number, least: number): Generator<number> {
  yield epochs;
  for (let fewer = Math.ceil(epochs / 2); fewer >= least; fewer = Math.ceil(fewer / 2)) yield fewer;
}

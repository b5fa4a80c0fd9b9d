import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import { type HostModel, logitsOf, logSoftmax, statesOf } from './forward.ts';

/** A walk that the base itself takes, and what it says after each step of it. */
export interface Behaviour {
  readonly ids: readonly number[];
  /** After each id, the base's probabilities float32 [base V] of its own tokens. */
  readonly distributions: readonly Float32Array[];
}

/** A longer walk tells no more of the base. */
const MAX_STEPS = 8;

/**
 * Has the base walk from its most visited tokens, each next token drawn from its own distribution.
 *
 * The device has none of the base's training data: what the base says where it leads by itself stands for it.
 *
 * @returns `count` walks to rehearse, and as many others to judge by.
 */
export function behaviourOf(
  base: HostModel,
  options: { readonly baseSize: number; readonly count: number; readonly steps: number },
): [rehearsed: Behaviour[], guarded: Behaviour[]] {
  const { baseSize, count, steps } = options;
  const starts = Math.min(count, baseSize - FIRST_TOKEN_ID);
  const walks = Array.from({ length: 2 * starts }, (_, index) =>
    walk(base, baseSize, FIRST_TOKEN_ID + (index % starts), {
      steps: Math.min(steps, MAX_STEPS),
      turn: index,
    }),
  );
  return [walks.slice(0, starts), walks.slice(starts)];
}

function walk(
  base: HostModel,
  baseSize: number,
  start: number,
  { steps, turn }: { steps: number; turn: number },
): Behaviour {
  const ids = [start];
  const distributions: Float32Array[] = [];
  // A labeller whose labels are not its next letters leads nowhere by itself: any letters do.
  const isLed = base.spec.task === 'next' || base.spec.labels === 'next';
  for (const state of statesOf(base, ids)) {
    const distribution = logSoftmax(logitsOf(base, state), baseSize).map(Math.exp);
    distributions.push(distribution);
    if (ids.length === steps) break;
    const draw = fraction(turn * MAX_STEPS + ids.length);
    ids.push(
      isLed ? drawn(distribution, draw) : FIRST_TOKEN_ID + Math.floor(draw * (baseSize - FIRST_TOKEN_ID)),
    );
  }
  return { ids, distributions };
}

/** Spread evenly over 0 to 1, without a generator to seed: multiples of the golden ratio. */
function fraction(index: number): number {
  return (index * 0.618_033_988_749_895) % 1;
}

function drawn(distribution: Float32Array, draw: number): number {
  let sum = 0;
  const id = distribution.findIndex((probability) => {
    sum += probability;
    return sum > draw;
  });
  return Math.max(FIRST_TOKEN_ID, id);
}

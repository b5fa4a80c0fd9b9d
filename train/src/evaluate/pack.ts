import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Part } from '@pathcast/models/predictor/parts';
import type { Predictor } from '@pathcast/models/predictor/predictor';
import { CUTOFF } from './ranking.ts';
import type { Steps } from './steps.ts';

/** One page more than counts: a tie across the cutoff shows, and goes against the target. */
const TOP = CUTOFF + 1;

/**
 * Ranks each step's target with the product's own predictor, as the edge would; a history that comes again is asked once.
 * @param options.nameOf the page of an id, 1 (unknown) included.
 * @param options.onProgress told how many different histories are done, of how many.
 * @returns uint32 [steps] a part; targets beyond place 20 have some rank beyond it.
 */
export async function rankWithPredictor(
  predictor: Predictor,
  steps: Steps,
  options: {
    parts: readonly Part[];
    nameOf: (id: number) => string;
    onProgress?: (done: number, total: number) => void;
  },
): Promise<Record<string, Uint32Array>> {
  const { parts, nameOf, onProgress } = options;
  const names = (ids: Int32Array) => Array.from(ids, nameOf);
  const ranked = parts.map((part) => ({ part, ranks: new Uint32Array(steps.length) }));
  const groups = sameHistories(steps, predictor.spec.steps);
  for (const [i, group] of groups.entries()) {
    await nextTurn(); // so that Ctrl-C is heard
    const history = names(steps.history(group[0] ?? 0, predictor.spec.steps));
    for (const { part, ranks } of ranked) {
      const next = predictor.next(history, { top: TOP, part });
      for (const step of group) ranks[step] = rankOf(next, nameOf(steps.target(step)));
    }
    onProgress?.(i + 1, groups.length);
  }
  return Object.fromEntries(ranked.map(({ part, ranks }) => [part, ranks]));
}

/** The target's rank, ties within the list against it; past the list when it is not there. */
export function rankOf(next: readonly { page: string; probability: number }[], target: string): number {
  const found = next.find(({ page }) => page === target);
  if (!found) return next.length + 1;
  return next.filter(({ probability }) => probability >= found.probability).length;
}

/** Steps whose newest pages are the same. */
function sameHistories(steps: Steps, newest: number): number[][] {
  const groups = new Map<string, number[]>();
  for (let step = 0; step < steps.length; step++) {
    const key = steps.history(step, newest).join();
    const group = groups.get(key);
    if (group) group.push(step);
    else groups.set(key, [step]);
  }
  return [...groups.values()];
}

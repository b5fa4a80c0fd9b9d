import type { ModelSpec } from '@pathcast/models/spec';
import type { ModelWeights } from '@pathcast/models/weights';
import { rankAmong, rankingOf } from '../evaluate/ranking.ts';
import { scoreSteps } from '../evaluate/scored-steps.ts';
import type { Steps } from '../evaluate/steps.ts';
import type { Validation } from '../fit/fit.ts';

/** What a trial's recurrent model makes of the held-out steps. */
export interface Rating extends Validation {
  /** uint32 [steps], 1 for the best, ties against the target. */
  readonly ranks: Uint32Array;
}

/** Ranks every step, and keeps the ranks, so that trials can be compared step by step. */
export async function rate(model: { spec: ModelSpec; weights: ModelWeights }, steps: Steps): Promise<Rating> {
  const ranks = new Uint32Array(steps.length);
  let loss = 0;
  for await (const { event, target, probabilities } of scoreSteps(model, steps.sessions)) {
    const probability = probabilities[target] ?? 0;
    ranks[steps.stepOf(event)] = rankAmong(probabilities, probability);
    loss -= Math.log(Math.max(probability, Number.MIN_VALUE));
  }
  const { recallAt20, mrrAt20 } = rankingOf(ranks);
  return { loss: loss / Math.max(1, steps.length), recallAt20, mrrAt20, ranks };
}

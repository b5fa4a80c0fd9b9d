import type { Candidates } from '@pathcast/models/predictor/candidates';
import { Mixer, type Mixture, mixInto } from '@pathcast/models/predictor/mixture';
import type { ModelSpec } from '@pathcast/models/spec';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import type { ModelWeights } from '@pathcast/models/weights';
import { rankAmong } from '../evaluate/ranking.ts';
import { scoreSteps } from '../evaluate/scored-steps.ts';
import type { Steps } from '../evaluate/steps.ts';

/** uint32 [steps] each: the rank of each step's target, 1 for the best, ties against it. */
export interface MixtureRanks {
  readonly mixture: Uint32Array;
  readonly recurrent: Uint32Array;
  /** Absent when the mixture has no such part; pages that a part says nothing of are tied at its end. */
  readonly rules?: Uint32Array;
  readonly neighbours?: Uint32Array;
}

/**
 * Ranks each step's target over the whole catalogue, by the mixture and by each of its parts alone, in one pass and with
 * the functions that the predictor uses.
 * @param steps every step of some sessions, as of `stepsOf`.
 * @param options.counts uint32 [V − 2]: how often training saw each token.
 */
export async function rankMixture(
  model: { spec: ModelSpec; weights: ModelWeights },
  steps: Steps,
  { mixture, counts }: { mixture: Mixture; counts: Uint32Array },
): Promise<MixtureRanks> {
  const mixer = new Mixer(mixture, counts);
  const column = () => new Uint32Array(steps.length);
  const ranks = { mixture: column(), recurrent: column(), rules: column(), neighbours: column() };
  const scored = scoreSteps(model, steps.sessions, { temperature: mixture.temperature });
  for await (const { event, history, target, probabilities } of scored) {
    const step = steps.stepOf(event);
    const parts = { rules: mixer.rules(history), neighbours: mixer.neighbours(history) };
    ranks.recurrent[step] = rankOf(probabilities, target);
    ranks.rules[step] = rankAmongCandidates(parts.rules, target, counts.length);
    ranks.neighbours[step] = rankAmongCandidates(parts.neighbours, target, counts.length);
    mixInto(probabilities, parts, mixture.weights, mixer.bin(history));
    ranks.mixture[step] = rankOf(probabilities, target);
  }
  return {
    mixture: ranks.mixture,
    recurrent: ranks.recurrent,
    ...(mixture.rules ? { rules: ranks.rules } : {}),
    ...(mixture.neighbours ? { neighbours: ranks.neighbours } : {}),
  };
}

/** @param probabilities float32 [V]. */
function rankOf(probabilities: Float32Array, target: number): number {
  return rankAmong(probabilities.subarray(FIRST_TOKEN_ID), probabilities[target] ?? 0);
}

function rankAmongCandidates({ ids, probabilities }: Candidates, target: number, tokens: number): number {
  const found = probabilities[ids.indexOf(target)];
  return found === undefined ? tokens : rankAmong(probabilities, found);
}

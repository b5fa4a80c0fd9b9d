import type { Calibration } from '@pathcast/models/manifest';
import { Mixer, type Mixture, mixInto } from '@pathcast/models/predictor/mixture';
import type { ModelSpec } from '@pathcast/models/spec';
import type { ModelWeights } from '@pathcast/models/weights';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import { scoreSteps } from '../evaluate/scored-steps.ts';
import { likeliest, Reliability, ThresholdTable } from './calibration.ts';

/**
 * Measures how far a mixture's probabilities can be trusted, beside those of the recurrent model alone at temperature 1.
 * @param options.counts uint32 [V − 2]: how often training saw each token.
 * @param options.weightsOf float32 [16, 3]: the weights for a session, fitted on others.
 */
export async function calibrate(
  model: { spec: ModelSpec; weights: ModelWeights },
  sessions: TokenSessions,
  options: { mixture: Mixture; counts: Uint32Array; weightsOf: (session: number) => Float32Array },
): Promise<Calibration> {
  const { mixture, counts, weightsOf } = options;
  const mixer = new Mixer(mixture, counts);
  const raw = new Reliability();
  for await (const { probabilities, target } of scoreSteps(model, sessions)) {
    addLikeliest(raw, probabilities, target);
  }
  const mixed = new Reliability();
  const thresholds = new ThresholdTable();
  const { temperature } = mixture;
  for await (const { session, history, probabilities, target } of scoreSteps(model, sessions, {
    temperature,
  })) {
    const parts = { rules: mixer.rules(history), neighbours: mixer.neighbours(history) };
    mixInto(probabilities, parts, weightsOf(session), mixer.bin(history));
    addLikeliest(mixed, probabilities, target);
    thresholds.add(probabilities, target);
  }
  return {
    temperature,
    ece: mixed.error(),
    eceRecurrent: raw.error(),
    bins: mixed.bins(),
    thresholds: thresholds.rows(),
  };
}

function addLikeliest(reliability: Reliability, probabilities: Float32Array, target: number): void {
  const best = likeliest(probabilities);
  reliability.add(probabilities[best] ?? 0, best === target);
}

import type { ModelSpec } from '@pathcast/models/spec';
import type { ModelWeights } from '@pathcast/models/weights';
import { TokenSessions } from '../data/sessions/token-sessions.ts';
import type { Validation } from '../fit/fit.ts';
import { RankingTally, rankAmong } from './ranking.ts';
import { scoreSteps } from './scored-steps.ts';

/** A target less likely than this shows as 69 nats. */
const LEAST_PROBABILITY = 1e-30;

/** Rates the recurrent model on sessions that it was not fitted on. */
export async function validate(
  model: { spec: ModelSpec; weights: ModelWeights },
  sessions: TokenSessions,
): Promise<Validation> {
  const tally = new RankingTally();
  let loss = 0;
  for await (const { target, probabilities } of scoreSteps(model, sessions)) {
    const probability = probabilities[target] ?? 0;
    tally.add(rankAmong(probabilities, probability));
    loss -= Math.log(Math.max(probability, LEAST_PROBABILITY));
  }
  const { predictions, recallAt20, mrrAt20 } = tally.result();
  return { loss: loss / Math.max(1, predictions), recallAt20, mrrAt20 };
}

/** Probabilities to work out at most, about: ten seconds of one core at 100 units. */
const PROBABILITIES = 4e8;
const STEPS = { least: 500, most: 4000 } as const;

/** Every so many of the sessions, evenly: enough to tell epochs apart, and no more work than a tenth of an epoch's. */
export function thinOut(sessions: TokenSessions, vocabularySize: number): TokenSessions {
  const wanted = Math.min(STEPS.most, Math.max(STEPS.least, PROBABILITIES / vocabularySize));
  const every = Math.ceil((sessions.ids.length - sessions.length) / wanted);
  if (every <= 1) return sessions;
  return TokenSessions.of(
    Array.from({ length: Math.ceil(sessions.length / every) }, (_, i) => sessions.at(i * every)),
  );
}

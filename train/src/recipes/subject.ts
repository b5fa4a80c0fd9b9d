import type { Metrics } from '@pathcast/models/manifest';
import type { Mixture } from '@pathcast/models/predictor/mixture';
import type { ModelSpec } from '@pathcast/models/spec';
import { UNKNOWN_ID, type Vocabulary } from '@pathcast/models/vocabulary';
import type { ModelWeights } from '@pathcast/models/weights';
import { countTokens, encodeSessions, vocabularyOf } from '../data/sessions/encode.ts';
import type { Sessions } from '../data/sessions/sessions.ts';
import { removeUnseen } from '../data/sessions/split.ts';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import { rankBaselines } from '../evaluate/baselines.ts';
import { compareRanks } from '../evaluate/compare.ts';
import { stepsOf } from '../evaluate/steps.ts';
import { rankMixture } from '../mixture/rank-mixture.ts';
import { UserError } from '../user-error.ts';
import { type NavigationOptions, specOf } from './navigation-options.ts';

/** Sessions, and the model that is to read them. */
export interface Subject {
  readonly spec: ModelSpec;
  readonly vocabulary: Vocabulary;
  readonly sessions: TokenSessions;
  /** uint32 [V − 2]: how often the sessions have each token. */
  readonly counts: Uint32Array;
}

export function subjectOf(sessions: Sessions, options: NavigationOptions): Subject {
  const vocabulary = vocabularyOf(sessions);
  const encoded = encodeSessions(sessions, vocabulary);
  const spec = specOf(options, vocabulary);
  return { spec, vocabulary, sessions: encoded, counts: countTokens(encoded, vocabulary) };
}

/**
 * Held-out sessions without the pages that training did not see, which are counted.
 * @throws UserError when nothing is left.
 */
export function encodeHeld(held: Sessions, vocabulary: Vocabulary): TokenSessions {
  const { sessions, unseenEvents } = removeUnseen(held, (page) => vocabulary.encode(page) !== UNKNOWN_ID);
  if (unseenEvents > 0) {
    const count = unseenEvents.toLocaleString('en');
    process.stdout.write(`  ${count} held-out events of pages that training did not see left out\n`);
  }
  if (sessions.length === 0)
    throw new UserError('no page of the held-out sessions was seen in training: nothing to score');
  return encodeSessions(sessions, vocabulary);
}

/** Ranks every step of sessions by the mixture, its parts and the baselines. */
export async function compare(
  model: Pick<Subject, 'spec' | 'counts'> & { weights: ModelWeights; mixture: Mixture },
  train: TokenSessions,
  held: TokenSessions,
): Promise<Omit<Metrics, 'on'>> {
  const steps = stepsOf(held);
  const { mixture: ranks, ...parts } = await rankMixture(model, steps, model);
  const baselines = await rankBaselines(train, steps, model.spec.vocabularySize);
  return compareRanks(steps, { model: ranks, baselines, parts }, model.counts);
}

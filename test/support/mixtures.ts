import type { Mixture } from '@pathcast/models/predictor/mixture';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { buildNeighbours } from '@pathcast/train/mixture/build-neighbours';
import { buildRules } from '@pathcast/train/mixture/build-rules';
import { seededRandom } from './models.ts';

/** Sessions of 2 to 8 pages, ids from 2 to V − 1, the smaller ids more often. */
export function randomSessions(count: number, size: number, seed = 1): TokenSessions {
  const random = seededRandom(seed);
  const page = () => 2 + Math.floor((size - 2) * random() ** 2);
  return TokenSessions.of(
    Array.from({ length: count }, () => Array.from({ length: 2 + Math.floor(random() * 7) }, page)),
  );
}

/** A mixture over the tables of some sessions, with other weights in every support bin. */
export function mixtureOf(sessions: TokenSessions, size: number, overrides: Partial<Mixture> = {}): Mixture {
  return {
    temperature: 1.5,
    weights: Float32Array.from(
      Array.from({ length: 16 }, (_, bin) => [0.5 - bin / 64, 0.3 + bin / 128, 0.2 + bin / 128]).flat(),
    ),
    rules: buildRules(sessions, {
      size,
      lags: 4,
      lagDecay: 0.5,
      backward: 0.25,
      historyDecay: 0.5,
      returns: true,
    }),
    neighbours: buildNeighbours(sessions, { size }),
    ...overrides,
  };
}

import type { Calibration, Manifest } from '@pathcast/models/manifest';
import { MIXED_PARTS, Mixer, type Mixture } from '@pathcast/models/predictor/mixture';
import type { ModelSpec } from '@pathcast/models/spec';
import type { ModelWeights } from '@pathcast/models/weights';
import { TokenSessions } from '../data/sessions/token-sessions.ts';
import { buildNeighbours } from './build-neighbours.ts';
import { buildRules, type RuleSettings } from './build-rules.ts';
import { calibrate } from './calibrate.ts';
import { type Choice, chooseParts, columnsOf, foldsOf } from './choose-parts.ts';
import { observe } from './observe.ts';
import { fitTemperature } from './temperature.ts';
import { fitWeights, meanWeights } from './weights.ts';

/**
 * Ways to count rules, of which validation sessions choose. The first is a Markov chain of first order: the best where
 * links bind visitors. The last serves shops, where visitors go back and forth to compare.
 */
export const RULES = {
  markov: { lags: 1, lagDecay: 1, backward: 0, historyDecay: 0, returns: false },
  forward: { lags: 10, lagDecay: 0.7, backward: 0, historyDecay: 0.6, returns: true },
  both: { lags: 10, lagDecay: 0.7, backward: 0.5, historyDecay: 0.6, returns: true },
} as const satisfies Record<string, RuleSettings>;

export type RuleName = keyof typeof RULES;
const RULE_NAMES: readonly RuleName[] = ['markov', 'forward', 'both'];

/** What was chosen and fitted on validation sessions: the mixture without its tables, which are built of all sessions. */
export interface FittedMixture extends Pick<Mixture, 'temperature' | 'weights'>, Choice<RuleName> {
  /** The mean weight of each part over the validation steps, summing to 1, as the manifest says it. */
  readonly shares: Manifest['mixture'];
  /** Undefined where there is too little to judge on. */
  readonly calibration: Calibration | undefined;
}

interface Model {
  readonly spec: ModelSpec;
  readonly weights: ModelWeights;
}

/** Probabilities worked out for each temperature that is tried, and for all else; about a minute in all on one core. */
const WORK = { temperature: 1e8, weights: 5e8 } as const;
const STEPS = { least: 500, most: 12_000 } as const;
/** With fewer sessions, half of them say nothing of the other half: every part stays, at weights fitted or not. */
const FEWEST_SESSIONS = 4;

/**
 * Fits the mixture on sessions that its model was not fitted on: the temperature, the parts that pay, their weights, and
 * how far the mixed probabilities can be trusted. Large validation sets are thinned out, evenly.
 *
 * @param sessions.train what the model was fitted on, in time order.
 * @param sessions.held validation sessions.
 * @param counts uint32 [V − 2]: how often `train` has each token.
 */
export async function fitMixture(
  model: Model,
  { train, held }: { train: TokenSessions; held: TokenSessions },
  counts: Uint32Array,
): Promise<FittedMixture> {
  const size = model.spec.vocabularySize;
  const parts = candidateParts(train, size, counts);
  const few = thin(held, WORK.temperature / size);
  const recurrentAt = async (temperature: number) =>
    (await observe(model, few, { temperature, counts, parts: {} })).recurrent;
  const temperature = await fitTemperature(
    await observe(model, few, { temperature: 1, counts, parts }),
    recurrentAt,
    RULE_NAMES,
  );
  const sessions = thin(held, WORK.weights / size);
  const observed = await observe(model, sessions, { temperature, counts, parts });
  const isEnough = sessions.length >= FEWEST_SESSIONS;
  const choice: Choice<RuleName> = isEnough
    ? chooseParts(observed, RULE_NAMES)
    : { rules: 'markov', neighbours: true };
  const columns = columnsOf(observed, choice);
  const weights = fitWeights(columns);
  const fitted = { ...choice, temperature, weights, shares: sharesOf(meanWeights(columns, weights)) };
  if (!isEnough) return { ...fitted, calibration: undefined };
  const [even, odd] = foldsOf(observed.sessions).map((fold) => fitWeights(columns, fold));
  const calibration = await calibrate(model, sessions, {
    mixture: buildMixture(fitted, train, size),
    counts,
    weightsOf: (session) => (session % 2 === 0 ? odd : even) ?? weights,
  });
  return { ...fitted, calibration };
}

/**
 * Builds what is served: the fitted weights over rules and neighbours of all sessions.
 * @param sessions in time order.
 * @param size V.
 */
export function buildMixture(
  {
    temperature,
    weights,
    rules,
    neighbours,
  }: Pick<FittedMixture, keyof Choice<RuleName> | 'temperature' | 'weights'>,
  sessions: TokenSessions,
  size: number,
): Mixture {
  return {
    temperature,
    weights,
    ...(rules ? { rules: buildRules(sessions, { ...RULES[rules], size }) } : {}),
    ...(neighbours ? { neighbours: buildNeighbours(sessions, { size }) } : {}),
  };
}

/** Every part that may be chosen. */
function candidateParts(train: TokenSessions, size: number, counts: Uint32Array) {
  const neighbours = buildNeighbours(train, { size });
  const unfitted = { temperature: 1, weights: new Float32Array(), neighbours };
  const withRules = (name: RuleName) =>
    new Mixer({ ...unfitted, rules: buildRules(train, { ...RULES[name], size }) }, counts);
  const mixers = { markov: withRules('markov'), forward: withRules('forward'), both: withRules('both') };
  return {
    markov: (history: Int32Array) => mixers.markov.rules(history),
    forward: (history: Int32Array) => mixers.forward.rules(history),
    both: (history: Int32Array) => mixers.both.rules(history),
    neighbours: (history: Int32Array) => mixers.both.neighbours(history),
  };
}

function sharesOf(means: readonly number[]): Manifest['mixture'] {
  const shares = MIXED_PARTS.map((part, i) => [part, means[i] ?? 0] as const);
  return { recurrent: 1, ...Object.fromEntries(shares.filter(([, share]) => share > 0)) };
}

/** Every so many of the sessions, so that they have about as many steps as can be worked out. */
function thin(sessions: TokenSessions, steps: number): TokenSessions {
  const all = sessions.ids.length - sessions.length;
  const every = Math.ceil(all / Math.min(STEPS.most, Math.max(STEPS.least, steps)));
  if (every <= 1) return sessions;
  const kept = Array.from({ length: Math.ceil(sessions.length / every) }, (_, i) => sessions.at(i * every));
  return TokenSessions.of(kept);
}

import type { Observations } from './observe.ts';
import { fitWeights, logLikelihood, type TargetProbabilities } from './weights.ts';

/** The parts beside the recurrent model: how rules are counted, and whether there are neighbours. */
export interface Choice<Rule extends string> {
  readonly rules: Rule | undefined;
  readonly neighbours: boolean;
}

/** The columns of a choice of parts. */
export function columnsOf<Rule extends string>(
  { bins, recurrent, parts }: Observations<Rule | 'neighbours'>,
  { rules, neighbours }: Choice<Rule>,
): TargetProbabilities {
  return {
    bins,
    parts: [
      recurrent,
      rules === undefined ? undefined : parts[rules],
      neighbours ? parts.neighbours : undefined,
    ],
  };
}

/** The steps of even sessions, and those of odd ones. */
export function foldsOf(sessions: Uint32Array): [even: Uint32Array, odd: Uint32Array] {
  const steps = Uint32Array.from(sessions.keys());
  const parity = (step: number) => (sessions[step] ?? 0) % 2;
  return [steps.filter((step) => parity(step) === 0), steps.filter((step) => parity(step) === 1)];
}

/** A part pays when it makes targets likelier by this much, in nats a step. */
const LEAST_GAIN = 0.001;

/**
 * Chooses the parts that pay. All are kept at first, with the rules that make the targets likeliest; then the part that
 * gains least is left out for as long as its gain is surely too small, two standard errors below 0.001 nats a step: a
 * small site, of which little is known for sure, keeps all, which was best for every small site tried.
 *
 * Gains are honest: weights are fitted on half of the sessions and judged on the other, both ways, and the error is that
 * of sessions, since steps of one session rise and fall together.
 *
 * @param rules ways to count rules, of which at most one is chosen.
 */
export function chooseParts<Rule extends string>(
  observed: Observations<Rule | 'neighbours'>,
  rules: readonly Rule[],
): Choice<Rule> {
  const judge = (choice: Choice<Rule>) => ({ choice, likelihoods: honestLikelihoods(observed, choice) });
  const best = (tried: Judged<Rule>[]) =>
    tried.toSorted((a, b) => total(b.likelihoods) - total(a.likelihoods))[0];
  let chosen = best(rules.map((rule) => judge({ rules: rule, neighbours: true })));
  if (!chosen) throw new RangeError('there are no rules to choose from');
  const least = LEAST_GAIN * observed.bins.length;
  for (;;) {
    const smaller = best(withoutOne(chosen.choice).map(judge));
    if (!smaller || !surelyGainsLess(chosen.likelihoods, smaller.likelihoods, least)) return chosen.choice;
    chosen = smaller;
  }
}

interface Judged<Rule extends string> {
  readonly choice: Choice<Rule>;
  readonly likelihoods: Float64Array;
}

function withoutOne<Rule extends string>(choice: Choice<Rule>): Choice<Rule>[] {
  return [
    ...(choice.rules === undefined ? [] : [{ ...choice, rules: undefined }]),
    ...(choice.neighbours ? [{ ...choice, neighbours: false }] : []),
  ];
}

/** float64 [sessions]: the log likelihood of each session's targets under weights fitted on the other half. */
function honestLikelihoods<Rule extends string>(
  observed: Observations<Rule | 'neighbours'>,
  choice: Choice<Rule>,
): Float64Array {
  const columns = columnsOf(observed, choice);
  const [even, odd] = foldsOf(observed.sessions);
  const sums = new Float64Array(1 + observed.sessions.reduce((most, session) => Math.max(most, session), 0));
  for (const [fitted, judged] of [
    [even, odd],
    [odd, even],
  ] as const) {
    const weights = fitWeights(columns, fitted);
    for (const step of judged) {
      const session = observed.sessions[step] ?? 0;
      sums[session] = (sums[session] ?? 0) + logLikelihood(columns, weights, step);
    }
  }
  return sums;
}

/** Whether likelihoods are above others by less than `least`, by two standard errors. */
function surelyGainsLess(likelihoods: Float64Array, others: Float64Array, least: number): boolean {
  const gains = likelihoods.map((sum, session) => sum - (others[session] ?? 0));
  const gain = total(gains);
  const mean = gain / gains.length;
  const error = Math.sqrt(gains.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  return gain + 2 * error < least;
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

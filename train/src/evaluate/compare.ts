import type { Metrics, Ranking } from '@pathcast/models/manifest';
import { byHistoryLength, byPageFrequency, type NamedRanks } from './breakdown.ts';
import { differenceInterval, type Measure, rankingIntervals } from './interval.ts';
import { rankingOf } from './ranking.ts';
import type { Steps } from './steps.ts';

/**
 * What a manifest says of a model: its quality beside its baselines' and parts' at the same steps, the 95 % intervals,
 * and where it is good or bad.
 * @param ranked uint32 [steps] each, 1 for the best, ties against the target.
 * @param counts uint32 [V − 2]: how often training saw each token.
 */
export function compareRanks(
  steps: Steps,
  ranked: { model: Uint32Array; baselines: NamedRanks; parts?: NamedRanks },
  counts: Uint32Array,
): Omit<Metrics, 'on'> {
  const { model, baselines, parts } = ranked;
  const best = { recallAt20: bestOf('recallAt20', baselines), mrrAt20: bestOf('mrrAt20', baselines) };
  const recallAt20 = difference(steps, model, best.recallAt20, 'recallAt20');
  const mrrAt20 = difference(steps, model, best.mrrAt20, 'mrrAt20');
  const shown = { ...baselines, ...parts, model };
  return {
    model: withIntervals(steps, model),
    baselines: each(baselines, (ranks) => withIntervals(steps, ranks)),
    ...(parts ? { parts: each(parts, (ranks) => withIntervals(steps, ranks)) } : {}),
    ...(recallAt20 && mrrAt20 ? { difference: { recallAt20, mrrAt20 } } : {}),
    breakdowns: {
      historyLength: byHistoryLength(steps, shown),
      pageFrequency: byPageFrequency(steps, shown, counts),
    },
  };
}

type Named = readonly [name: string, ranks: Uint32Array];

function bestOf(measure: Measure, baselines: NamedRanks): Named | undefined {
  const scored = Object.entries(baselines).map((named) => ({ named, score: rankingOf(named[1])[measure] }));
  return scored.toSorted((a, b) => b.score - a.score)[0]?.named;
}

function difference(steps: Steps, model: Uint32Array, best: Named | undefined, measure: Measure) {
  if (!best) return undefined;
  const found = differenceInterval(steps, model, best[1], measure);
  return found && { baseline: best[0], difference: found.mean, interval95: found.interval95 };
}

function withIntervals(steps: Steps, ranks: Uint32Array): Ranking {
  const interval95 = rankingIntervals(steps, ranks);
  return { ...rankingOf(ranks), ...(interval95 ? { interval95 } : {}) };
}

function each(ranked: NamedRanks, describe: (ranks: Uint32Array) => Ranking): Record<string, Ranking> {
  return Object.fromEntries(Object.entries(ranked).map(([name, ranks]) => [name, describe(ranks)]));
}

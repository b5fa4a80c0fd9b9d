import { differenceInterval, type MeanInterval, rankingIntervals } from '../evaluate/interval.ts';
import type { Steps } from '../evaluate/steps.ts';
import type { Rating } from './rate.ts';
import type { Trial } from './trial.ts';

/** A trial among the others. */
export interface Row {
  readonly trial: Trial;
  /** Epochs that its rating is of. */
  readonly epochs: number;
  readonly rating: Rating;
  /** Of the MRR; undefined where too few sessions are held out to tell. */
  readonly interval95: [low: number, high: number] | undefined;
  /** MRR over that of the defaults after as many epochs, step by step. */
  readonly gain: MeanInterval | undefined;
}

/** How the trials of a search compare, the best first. */
export interface Standing {
  /** Those that went furthest side by side with the defaults, which are among them. */
  readonly finalists: readonly Row[];
  /** The rest that have a rating. */
  readonly others: readonly Row[];
}

/**
 * Compares trials by MRR@20. Only equal epochs compare: the finalists are those that have as many as the defaults and
 * the furthest of the others both have.
 * @param trials the defaults first, with a rating.
 */
export function compareTrials([defaults, ...rest]: readonly Trial[], steps: Steps): Standing {
  if (!defaults) throw new RangeError('there is no trial');
  const challengers = rest.filter(({ failure, ratings }) => failure === undefined && ratings.length > 0);
  const furthest = Math.max(...challengers.map(reach));
  const epochs = challengers.length === 0 ? reach(defaults) : Math.min(reach(defaults), furthest);
  const row = (trial: Trial) => rowOf(trial, defaults, { epochs, steps });
  const isFinalist = (trial: Trial) => reach(trial) >= epochs;
  return {
    finalists: [defaults, ...challengers.filter(isFinalist)].flatMap(row).sort(better),
    others: challengers
      .filter((trial) => !isFinalist(trial))
      .flatMap(row)
      .sort((a, b) => b.epochs - a.epochs || better(a, b)),
  };
}

/** Epochs for which a trial can be asked: one that is done stays as it is. */
function reach({ isDone, ratings }: Trial): number {
  return isDone ? Number.POSITIVE_INFINITY : ratings.length;
}

function better(a: Row, b: Row): number {
  return b.rating.mrrAt20 - a.rating.mrrAt20 || a.trial.number - b.trial.number;
}

function rowOf(trial: Trial, defaults: Trial, { epochs, steps }: { epochs: number; steps: Steps }): Row[] {
  const at = Math.min(epochs, trial.ratings.length);
  const rating = trial.ratings[at - 1];
  if (!rating) return [];
  const beside = defaults.ratings[Math.min(at, defaults.ratings.length) - 1];
  const gain =
    beside && trial !== defaults && differenceInterval(steps, rating.ranks, beside.ranks, 'mrrAt20');
  const interval95 = rankingIntervals(steps, rating.ranks)?.mrrAt20;
  return [{ trial, epochs: at, rating, interval95, gain: gain || undefined }];
}

import { betterHalf, firstRung, type Plan, planSearch } from './plan.ts';
import type { Settings } from './settings.ts';
import { type Ground, Trial } from './trial.ts';

/** What to try, and who is told of it. */
export interface Contest {
  /** Settings, in order. */
  readonly drawn: Iterator<Settings>;
  /** Trials in all, the defaults included; as many as time allows when not given. */
  readonly trials?: number | undefined;
  /** Once the speed is known. @param epochSeconds of the defaults. */
  onPlan(plan: Plan, epochSeconds: number): void;
  /** After each turn of a trial. */
  onTurn(trial: Trial): void;
}

/** Seconds of challengers for each of the defaults: 1.2 on average on YooChoose 100k, and a margin. */
const SLOWER = 1.25;

/**
 * Successive halving: many settings for a few epochs, the better half of them on to twice as many, and so on. The
 * defaults go along to the end, whatever their rank: the others are judged beside them.
 * @param trials is filled as they begin, the defaults first: a search that is stopped has something to show.
 * @throws StoppedError when the user stops it.
 * @see Jamieson, Talwalkar 2016: Non-stochastic best arm identification and hyperparameter optimization.
 */
export async function halve(ground: Ground, trials: Trial[], contest: Contest): Promise<void> {
  const { clock, options } = ground;
  const turn = async (trial: Trial, rung: number) => {
    if (!trials.includes(trial)) trials.push(trial);
    await trial.advance(rung);
    contest.onTurn(trial);
  };
  const defaults = new Trial(ground, { number: 0, settings: {}, epochs: options.epochs });
  // The first epoch of a process is slow: on little data, the second takes half as long.
  await turn(defaults, Math.max(2, firstRung(options.epochs)));
  const done = defaults.ratings.length;
  const plan = planSearch({
    epochs: options.epochs,
    done,
    affordable: done + clock.left() / (defaults.epochSeconds * SLOWER),
    challengers: contest.trials === undefined ? undefined : contest.trials - 1,
  });
  defaults.epochs = plan.epochs;
  let field: Trial[] = [];
  for (const settings of take(contest.drawn, plan.challengers)) {
    field.push(new Trial(ground, { number: field.length + 1, settings, epochs: plan.epochs }));
  }
  contest.onPlan({ ...plan, challengers: field.length }, defaults.epochSeconds);
  if (field.length === 0) return;
  for (const rung of plan.rungs) {
    for (const trial of [defaults, ...field]) {
      if (clock.isOver()) return;
      if (!trial.isDone && trial.ratings.length < rung) await turn(trial, rung);
    }
    const ranked = field.filter(({ failure }) => failure === undefined).sort(byMrr);
    field = ranked.slice(0, betterHalf(field.length));
    for (const trial of trials) if (trial !== defaults && !field.includes(trial)) await trial.retire();
  }
}

function byMrr(a: Trial, b: Trial): number {
  return (b.ratings.at(-1)?.mrrAt20 ?? 0) - (a.ratings.at(-1)?.mrrAt20 ?? 0);
}

function* take<T>(from: Iterator<T>, count: number): Generator<T> {
  for (let i = 0; i < count; i++) {
    const next = from.next();
    if (next.done) return;
    yield next.value;
  }
}

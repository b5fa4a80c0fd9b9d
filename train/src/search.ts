import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { quote } from './cli/command-line.ts';
import { describeData, readable } from './cli/describe-data.ts';
import { parseOptions } from './cli/options.ts';
import { showReading } from './cli/show-reading.ts';
import { readDataset } from './data/read.ts';
import type { Sessions } from './data/sessions/sessions.ts';
import { splitSessions } from './data/sessions/split.ts';
import { stepsOf } from './evaluate/steps.ts';
import { thinOut } from './evaluate/validate.ts';
import { onInterrupt } from './interrupt.ts';
import { navigationOptions, type SettledOptions, settle } from './recipes/navigation-options.ts';
import { prepareRun } from './recipes/output.ts';
import { encodeHeld, subjectOf } from './recipes/subject.ts';
import { createClock } from './search/clock.ts';
import { type Contest, halve } from './search/halving.ts';
import { freeSettings, settingOptions, wordsOf } from './search/settings.ts';
import { describePlan, describeTurn, standingTable, verdict } from './search/show.ts';
import { drawTrials } from './search/space.ts';
import { compareTrials } from './search/standing.ts';
import type { Ground, Trial } from './search/trial.ts';
import { UserError } from './user-error.ts';

/** Those of `navigation` but for what is tested or written: nothing is. */
export const searchOptions = navigationOptions
  .omit({
    test: true,
    recipe: true,
    from: true,
    resume: true,
    checkpointMinutes: true,
    name: true,
    out: true,
    publish: true,
    classes: true,
    iterations: true,
  })
  .extend({
    ...settingOptions,
    minutes: z.coerce
      .number()
      .positive()
      .max(1e5)
      .default(30)
      .describe('how long; no epoch begins when they are over'),
    trials: z.coerce
      .number()
      .int()
      .min(2)
      .max(1e4)
      .optional()
      .describe('settings to try at most, the defaults included (as many as time allows)'),
  });

/**
 * `npm run train -- search`: looks for settings of the recurrent model that suit the data better than the defaults, and
 * prints last the command that trains with the best.
 */
export async function search(argv: readonly string[]): Promise<void> {
  const begun = performance.now();
  const { minutes, trials, ...given } = parseOptions(argv, searchOptions);
  const data = await showReading(given.data, () => readDataset(given));
  const options = settle({ ...navigationOptions.parse({ data: given.data }), ...given }, data.sessions);
  const free = freeSettings(given, options);
  if (free.length === 0) throw new UserError('every setting is given: there is nothing to search');
  const folder = await mkdtemp(join(given.spill ?? tmpdir(), 'pathcast-search-'));
  const takeBack = onInterrupt(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const backend = await prepareRun({ out: folder, backend: options.backend });
    say(describeData(data.report));
    const clock = createClock(begun + minutes * 60_000);
    const ground = { ...holdOut(data.sessions, options), options, backend, folder, clock };
    const drawn = drawTrials({ free, defaults: options, seed: options.seed });
    const command = [...withoutOwn(argv), ...(given.epochs ? [] : ['--epochs', String(options.epochs)])];
    await compete(ground, { drawn, trials }, command);
  } finally {
    takeBack();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Holds sessions out as `navigation` does, and thins them out as it does to rate epochs. */
function holdOut(sessions: Sessions, options: SettledOptions): Pick<Ground, 'subject' | 'steps'> {
  const { train, held } = splitSessions(sessions, { ...options, share: options.heldOut });
  const subject = subjectOf(train, options);
  const sample = thinOut(encodeHeld(held, subject.vocabulary), subject.spec.vocabularySize);
  say(
    `  fitting on ${readable(train.length)} sessions, to rank settings on ${readable(sample.length)} held out`,
  );
  return { subject, steps: stepsOf(sample) };
}

/** Halves, and shows what came of it even where the user stops it. */
async function compete(
  ground: Ground,
  { drawn, trials: most }: Pick<Contest, 'drawn' | 'trials'>,
  command: readonly string[],
): Promise<void> {
  const trials: Trial[] = [];
  try {
    await halve(ground, trials, {
      drawn,
      trials: most,
      onPlan: (plan, epochSeconds) => say(describePlan(plan, { asked: ground.options.epochs, epochSeconds })),
      onTurn: (trial) => say(describeTurn(trial)),
    });
  } finally {
    if (trials[0]?.ratings.length) {
      const standing = compareTrials(trials, ground.steps);
      const words = [...command, ...wordsOf(standing.finalists[0]?.trial.settings ?? {})];
      say(`\n${standingTable(standing, ground.steps)}\n${verdict(standing)}\n`);
      say(`npm run train -- navigation ${words.map(quote).join(' ')}`);
    }
  }
}

/** The words of a search that `navigation` takes too. */
function withoutOwn(argv: readonly string[]): string[] {
  const isOwn = (word = '') => /^--(minutes|trials)(=|$)/.test(word);
  const isValue = (i: number) => isOwn(argv[i - 1]) && !argv[i - 1]?.includes('=');
  return argv.filter((word, i) => !isOwn(word) && !isValue(i));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

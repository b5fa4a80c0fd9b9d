import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describeData } from '../cli/describe-data.ts';
import { userPath } from '../cli/run.ts';
import { showReading } from '../cli/show-reading.ts';
import type { Dataset } from '../data/dataset.ts';
import type { DataOptions } from '../data/options.ts';
import { readDataset } from '../data/read.ts';
import { epochsOf } from '../fit/fit.ts';
import { reclaimMemory } from '../fit/memory.ts';
import { buildMixture } from '../mixture/fit-mixture.ts';
import { UserError } from '../user-error.ts';
import { choose, STREAM } from './choose.ts';
import { openEarlier } from './earlier.ts';
import { Keeper } from './keeper.ts';
import { curveOf, digestOf, learn, rateOf } from './learn.ts';
import { type NavigationOptions, type SettledOptions, settle } from './navigation-options.ts';
import { finishRun, manifestConfig, prepareRun } from './output.ts';
import { compare, encodeHeld, subjectOf } from './subject.ts';
import { trainTutorial } from './tutorial.ts';

/**
 * `npm run train -- navigation`: chooses on sessions held out, fits everything, shows the served mixture beside its parts
 * and the baselines, and exports it.
 */
export async function trainNavigation(asked: NavigationOptions): Promise<void> {
  const data = await showReading(asked.data, () => readDataset(asked));
  if (asked.recipe === 'tutorial') return trainTutorial(data, asked);
  const options = settle(asked, data.sessions);
  const test = options.test === undefined ? undefined : await readTest(options, options.test);
  const backend = await prepareRun(options);
  if (options.workers > 1 && backend.name !== 'wasm')
    throw new UserError(`--workers: only the wasm backend trains in threads, and this is ${backend.name}`);
  process.stdout.write(`${describeData(data.report)}\n`);
  const folder = join(userPath(options.out), options.name ?? 'navigation');
  const subject = subjectOf(data.sessions, options);
  const { spec, vocabulary, counts } = subject;
  const earlier = options.from === undefined ? undefined : await openEarlier(folder, options.from);

  const keeper = new Keeper({
    path: join(folder, '.checkpoint.safetensors'),
    of: {
      data: digestOf(subject.sessions, vocabulary),
      options: digestOfOptions({ ...options, from: earlier?.version }),
    },
    everyMs: options.checkpointMinutes * 60_000,
  });
  const stopped = options.resume ? await keeper.open() : undefined;
  if (options.resume && !stopped) process.stdout.write('  nothing was stopped here: the run begins anew\n');
  const isTested = test !== undefined;
  const choice =
    stopped?.place.choice ??
    (await choose(data.sessions, options, { backend, keeper, stopped, earlier, isTested }));
  reclaimMemory(); // of the model that was chosen by

  process.stdout.write(`  fitting on all ${data.sessions.length.toLocaleString('en')} sessions\n`);
  const { weights, place } = await learn(
    { ...subject, backend, epochs: epochsOf(choice, options.epochs), stream: STREAM.final, earlier },
    options,
    { isDue: () => keeper.isDue(), save: (state, fit) => keeper.save(state, { choice, fit }) },
    stopped?.place.choice && { fit: stopped.place.fit, checkpoint: stopped.checkpoint },
  );
  reclaimMemory(); // of the optimiser
  const mixture = buildMixture(choice.mixture, subject.sessions, spec.vocabularySize);
  const model = { spec, weights, vocabulary, counts, mixture };
  const metrics = test
    ? {
        on: 'test' as const,
        ...(await compare(model, subject.sessions, encodeHeld(test.sessions, vocabulary))),
      }
    : choice.metrics;
  const run = {
    config: manifestConfig({
      ...options,
      ...data.report.settings,
      classes: undefined,
      iterations: undefined,
    }),
    data: {
      format: data.format,
      sessions: data.sessions.length,
      events: data.sessions.events.length,
      tokens: vocabulary.tokens.length,
      testSessions: test?.sessions.length ?? 0,
      ...(data.report.span ? { until: data.report.span.to } : {}),
    },
    metrics,
    backend,
    fallbackName: 'navigation',
    curves: [...curveOf('choosing', choice.epochs), ...curveOf('final', place.epochs)],
    eventsPerSecond: rateOf([...choice.epochs, ...place.epochs]),
    workers: options.workers,
  };
  const { shares, calibration } = choice.mixture;
  await finishRun({ ...model, shares, calibration }, run, options);
  await keeper.discard();
}

/** Test data is read as it is: which pages it may hold, the training data says. */
async function readTest(options: DataOptions, data: string): Promise<Dataset> {
  return showReading(data, () => readDataset({ ...options, data, minSupport: 1, minVisitors: 1 }));
}

/** Options that a stopped run may change: where it is written to, how often it is saved, what it is tested on, its threads. */
const FREE = new Set<string>([
  'data',
  'test',
  'out',
  'name',
  'publish',
  'backend',
  'spill',
  'memoryGb',
  'workers',
  'resume',
  'checkpointMinutes',
] satisfies (keyof NavigationOptions)[]);

function digestOfOptions(options: SettledOptions): string {
  const fixed = Object.entries(options).filter(([name]) => !FREE.has(name));
  const isTested = options.test !== undefined;
  return createHash('sha256')
    .update(JSON.stringify([fixed, isTested]))
    .digest('hex');
}

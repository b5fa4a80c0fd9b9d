import type { ModelSpec } from '@pathcast/models/spec';
import type { Vocabulary } from '@pathcast/models/vocabulary';
import { describeData } from '../cli/describe-data.ts';
import { showProgress } from '../cli/progress.ts';
import { showReading } from '../cli/show-reading.ts';
import type { Dataset } from '../data/dataset.ts';
import type { DataOptions } from '../data/options.ts';
import { readDataset } from '../data/read.ts';
import { countTokens, encodeSessions, vocabularyOf } from '../data/sessions/encode.ts';
import type { Sessions } from '../data/sessions/sessions.ts';
import { removeUnseen, splitSessions } from '../data/sessions/split.ts';
import { evaluateMarkov, evaluatePopularity, stepsOf } from '../evaluate/baselines.ts';
import { evaluateRecurrent } from '../evaluate/recurrent.ts';
import { scoringExamples, trainingExamples } from '../fit/batches.ts';
import { fit } from '../fit/fit.ts';
import {
  createParameters,
  drawWeights,
  type Parameters,
  readParameters,
  variablesOf,
} from '../fit/parameters.ts';
import { createRandom } from '../random.ts';
import { UserError } from '../user-error.ts';
import { type NavigationOptions, type SettledOptions, settle, specOf } from './navigation-options.ts';
import { finishRun, manifestConfig, prepareRun } from './output.ts';
import { trainTutorial } from './tutorial.ts';

/** `npm run train -- navigation`: fits the ranker, shows it beside its baselines, and exports it. */
export async function trainNavigation(asked: NavigationOptions): Promise<void> {
  const data = await showReading(asked.data, () => readDataset(asked));
  if (asked.recipe === 'tutorial') return trainTutorial(data, asked);
  const options = settle(asked, data.sessions.length);
  const test = options.test === undefined ? undefined : await readTest(options, options.test);
  const backend = await prepareRun(options);
  process.stdout.write(`${describeData(data.report)}\n`);
  const metrics = test ? undefined : await judge(options, data.sessions);

  process.stdout.write(`  fitting on all ${data.sessions.length.toLocaleString('en')} sessions\n`);
  const vocabulary = vocabularyOf(data.sessions);
  const spec = specOf(options, vocabulary);
  const sessions = encodeSessions(data.sessions, vocabulary);
  const parameters = await fitSessions(spec, sessions, options);
  const tested = test && (await compare(spec, parameters, sessions, encodeHeld(test.sessions, vocabulary)));
  const weights = await readParameters(parameters);
  for (const variable of variablesOf(parameters)) variable.dispose();

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
    },
    metrics: tested ? { on: 'test' as const, ...tested } : { on: 'validation' as const, ...orThrow(metrics) },
    backend,
    fallbackName: 'navigation',
  };
  await finishRun({ spec, weights, vocabulary, counts: countTokens(sessions, vocabulary) }, run, options);
}

type Encoded = readonly (readonly number[])[];

/** Test data is read as it is: which pages it may hold, the training data says. */
async function readTest(options: DataOptions, data: string): Promise<Dataset> {
  return showReading(data, () => readDataset({ ...options, data, minSupport: 1, minVisitors: 1 }));
}

/** Fits on a part of the sessions and ranks the rest: the honest figure when there is no test file. */
async function judge(options: SettledOptions, sessions: Sessions) {
  const { split, heldOut, seed } = options;
  const { train, held } = splitSessions(sessions, { split, share: heldOut, seed });
  const parts = [train, held].map(({ length }) => length.toLocaleString('en'));
  process.stdout.write(`  fitting on ${parts[0]} sessions, to test on ${SPLIT_NAMES[split]} ${parts[1]}\n`);
  const vocabulary = vocabularyOf(train);
  const spec = specOf(options, vocabulary);
  const encoded = encodeSessions(train, vocabulary);
  const parameters = await fitSessions(spec, encoded, options);
  const compared = await compare(spec, parameters, encoded, encodeHeld(held, vocabulary));
  for (const variable of variablesOf(parameters)) variable.dispose();
  return compared;
}

const SPLIT_NAMES = { last: 'the last', 'last-day': "the last day's", random: 'a random' } as const;

/** Held-out sessions without the pages that training did not see, which are counted. */
function encodeHeld(held: Sessions, vocabulary: Vocabulary): number[][] {
  const known = new Set(vocabulary.tokens);
  const { sessions, unseenEvents } = removeUnseen(held, (page) => known.has(page));
  if (unseenEvents > 0) {
    const count = unseenEvents.toLocaleString('en');
    process.stdout.write(`  ${count} test events of pages that training did not see left out\n`);
  }
  return encodeSessions(sessions, vocabulary);
}

async function compare(spec: ModelSpec, parameters: Parameters, train: Encoded, test: Encoded) {
  const steps = stepsOf(test);
  if (steps.length === 0)
    throw new UserError('no page of the test sessions was seen in training: nothing to score');
  return {
    model: await evaluateRecurrent(spec, parameters, scoringExamples(test, spec.steps)),
    baselines: {
      popularity: evaluatePopularity(train, steps, spec.vocabularySize),
      markov: evaluateMarkov(train, steps, spec.vocabularySize),
    },
  };
}

async function fitSessions(spec: ModelSpec, sessions: Encoded, options: SettledOptions): Promise<Parameters> {
  const random = createRandom(options.seed);
  const parameters = createParameters(spec, drawWeights(spec, { input: 'normal', output: 'glorot' }, random));
  const examples = trainingExamples(sessions, spec.steps);
  const { epochs, batchSize, learningRate, unknownRate } = options;
  const dropout = { rows: options.rowDropout, states: options.stateDropout };
  const events = examples.reduce((sum, { targets }) => sum + targets.length, 0);
  const progress = showProgress(events * epochs, epochs);
  try {
    const settings = { epochs, batchSize, learningRate, unknownRate, dropout, random };
    for await (const state of fit(spec, parameters, examples, settings)) progress.update(state.events, state);
  } finally {
    progress.stop();
  }
  return parameters;
}

function orThrow<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('metrics come from a test file or from the held-out tenth');
  return value;
}

import type { ModelSpec } from '@pathcast/models/spec';
import { countVocabulary, type Vocabulary } from '@pathcast/models/vocabulary';
import { showProgress } from '../cli/progress.ts';
import { userPath } from '../cli/run.ts';
import { countEvents, type Dataset, splitLast } from '../data/dataset.ts';
import { countTokens, encodeSessions } from '../data/encode.ts';
import { readDataset } from '../data/read.ts';
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
  const data = await readDataset(userPath(asked.data), asked.format);
  if (asked.recipe === 'tutorial') return trainTutorial(data, asked);
  const options = settle(asked, data.sessions.length);
  const test =
    options.test === undefined ? undefined : await readDataset(userPath(options.test), options.format);
  const backend = await prepareRun(options);
  const vocabulary = countVocabulary(data.sessions);
  describeData(data, vocabulary);
  const metrics = test
    ? undefined
    : await judge(options, splitLast(data.sessions, VALIDATION_SHARE), 'fitting on the first nine tenths');

  process.stdout.write(`  fitting on all ${data.sessions.length.toLocaleString('en')} sessions\n`);
  const spec = specOf(options, vocabulary);
  const sessions = encodeSessions(data.sessions, vocabulary);
  const parameters = await fitSessions(spec, sessions, options);
  const tested =
    test && (await compare(spec, parameters, sessions, encodeSessions(test.sessions, vocabulary)));
  const weights = await readParameters(parameters);
  for (const variable of variablesOf(parameters)) variable.dispose();

  const run = {
    config: manifestConfig({ ...options, classes: undefined, iterations: undefined }),
    data: {
      format: data.format,
      sessions: data.sessions.length,
      events: countEvents(data.sessions),
      tokens: vocabulary.tokens.length,
      testSessions: test?.sessions.length ?? 0,
    },
    metrics: tested ? { on: 'test' as const, ...tested } : { on: 'validation' as const, ...orThrow(metrics) },
    backend,
    fallbackName: 'navigation',
  };
  await finishRun({ spec, weights, vocabulary, counts: countTokens(sessions, vocabulary) }, run, options);
}

const VALIDATION_SHARE = 0.1;

type Sessions = readonly (readonly number[])[];

/** Fits on the earlier sessions alone and ranks the later ones: the honest figure when there is no test file. */
async function judge(
  options: SettledOptions,
  split: { train: readonly (readonly string[])[]; validation: readonly (readonly string[])[] },
  title: string,
) {
  process.stdout.write(`  ${title}, to test on the rest\n`);
  const vocabulary = countVocabulary(split.train);
  const spec = specOf(options, vocabulary);
  const train = encodeSessions(split.train, vocabulary);
  const validation = encodeSessions(split.validation, vocabulary);
  const parameters = await fitSessions(spec, train, options);
  const compared = await compare(spec, parameters, train, validation);
  for (const variable of variablesOf(parameters)) variable.dispose();
  return compared;
}

async function compare(spec: ModelSpec, parameters: Parameters, train: Sessions, test: Sessions) {
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

async function fitSessions(
  spec: ModelSpec,
  sessions: Sessions,
  options: SettledOptions,
): Promise<Parameters> {
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

function describeData(data: Dataset, vocabulary: Vocabulary): void {
  const parts = [
    `${data.sessions.length.toLocaleString('en')} sessions`,
    `${countEvents(data.sessions).toLocaleString('en')} events`,
    `${vocabulary.tokens.length.toLocaleString('en')} pages`,
  ];
  const left = data.singlePageSessions;
  if (left > 0) parts.push(`${left.toLocaleString('en')} sessions of one page left out`);
  process.stdout.write(`  data      ${data.format}: ${parts.join(', ')}\n`);
}

function orThrow<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('metrics come from a test file or from the held-out tenth');
  return value;
}

import { CELLS, type ModelSpec, modelSpecSchema } from '@pathcast/models/spec';
import { countVocabulary, type Vocabulary } from '@pathcast/models/vocabulary';
import { z } from 'zod';
import { showProgress } from '../cli/progress.ts';
import { userPath } from '../cli/run.ts';
import { countEvents, type Dataset, FORMATS, splitLast } from '../data/dataset.ts';
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
import { announceBackend, finishRun, manifestConfig, outputOptions } from './output.ts';
import { trainTutorial } from './tutorial.ts';

const share = z.coerce.number().min(0).max(0.95);
const units = z.coerce.number().int().min(1).max(4096);

/** Defaults were chosen on the last tenth of the training sessions of YooChoose 100k, never on its test file. */
export const navigationOptions = z.strictObject({
  data: z
    .string({ error: 'is missing: the file of sessions to learn from' })
    .describe('a file of sessions to learn from'),
  test: z.string().optional().describe('sessions to test on; without it the last tenth is held out'),
  format: z.enum(FORMATS).optional().describe('events, sessions or index; told by content'),
  recipe: z
    .enum(['default', 'tutorial'])
    .default('default')
    .describe("tutorial: the tutorial's own, on index files"),
  cell: z.enum(CELLS).default('gru').describe('simple, gru or lstm'),
  layers: z.coerce.number().int().min(1).max(8).default(1).describe('stacked cells'),
  hiddenUnits: units.default(100).describe('units of each cell'),
  input: z.enum(['one-hot', 'embedding']).default('embedding').describe('input table'),
  embeddingUnits: units.optional().describe('width of the embedding; the hidden units'),
  output: z.enum(['dense', 'tied']).default('tied').describe('output table; tied shares the embedding'),
  normalised: z.boolean().default(true).describe('unit rows and states; --no-normalised to leave free'),
  steps: z.coerce.number().int().min(1).max(256).default(20).describe('newest pages that are read'),
  epochs: z.coerce.number().int().min(1).max(1000).default(8).describe('passes over the data'),
  batchSize: z.coerce.number().int().min(1).max(8192).default(64).describe('sessions a step'),
  learningRate: z.coerce
    .number()
    .positive()
    .max(10)
    .default(0.002)
    .describe('of Adam; cooled in the last epochs'),
  rowDropout: share.default(0.35).describe('of the embedding, while training'),
  stateDropout: share.default(0.25).describe('of the hidden state, while training'),
  unknownRate: share.default(0.01).describe('pages hidden while training, so that unknown has a meaning'),
  ...outputOptions,
  classes: z.coerce
    .number()
    .int()
    .min(2)
    .max(0x7fff_fff0)
    .default(52_739)
    .describe('tutorial: declared pages'),
  iterations: z.coerce.number().int().min(1).max(1e5).default(350).describe('tutorial: full-batch steps'),
});

export type NavigationOptions = z.infer<typeof navigationOptions>;

/** `npm run train -- navigation`: fits the ranker, shows it beside its baselines, and exports it. */
export async function trainNavigation(options: NavigationOptions): Promise<void> {
  const data = await readDataset(userPath(options.data), options.format);
  if (options.recipe === 'tutorial') return trainTutorial(data, options);
  const test =
    options.test === undefined ? undefined : await readDataset(userPath(options.test), options.format);
  const backend = await announceBackend(options.backend);
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
    config: manifestConfig(options),
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
  options: NavigationOptions,
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
  options: NavigationOptions,
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

function specOf(options: NavigationOptions, vocabulary: Vocabulary): ModelSpec {
  const { cell, layers, hiddenUnits, output, normalised, steps } = options;
  const checked = modelSpecSchema.safeParse({
    task: 'next',
    cell,
    layers,
    hiddenUnits,
    vocabularySize: vocabulary.size,
    steps,
    input:
      options.input === 'one-hot'
        ? { type: 'one-hot' }
        : { type: 'embedding', units: options.embeddingUnits ?? hiddenUnits },
    output,
    normalised,
  });
  if (!checked.success)
    throw new UserError(checked.error.issues[0]?.message ?? 'the options do not fit together');
  return checked.data;
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

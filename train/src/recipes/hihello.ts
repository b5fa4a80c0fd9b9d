import { CELLS, type ModelSpec } from '@pathcast/models/spec';
import { countVocabulary, type Vocabulary } from '@pathcast/models/vocabulary';
import { z } from 'zod';
import { countTokens } from '../data/sessions/encode.ts';
import { TokenSessions } from '../data/sessions/token-sessions.ts';
import { rankMarkov, rankPopularity } from '../evaluate/baselines.ts';
import { rankingOf, rankScored } from '../evaluate/ranking.ts';
import { scoreSteps } from '../evaluate/scored-steps.ts';
import { stepsOf } from '../evaluate/steps.ts';
import { type Batch, trainingWindows } from '../fit/batches.ts';
import { fitFullBatch } from '../fit/full-batch.ts';
import { batchLogits } from '../fit/objective.ts';
import { createParameters, drawWeights, type Parameters, readParameters } from '../fit/parameters.ts';
import { createRandom } from '../random.ts';
import type { EpochReport } from '../report/run-report.ts';
import { finishRun, manifestConfig, outputOptions, pointOf, prepareRun } from './output.ts';

/** The tutorial's word: each character's label is the character that follows. */
const WORD = 'hihello';

/** The longest text that the trained model labels: a recurrence has no length of its own. */
const LONGEST_TEXT = 256;

const LINE_EVERY = 100;
const CURVE_EVERY = 10;

/** The tutorial's own settings are the defaults. */
export const hihelloOptions = z.strictObject({
  cell: z.enum(CELLS).default('lstm').describe('simple, gru or lstm'),
  layers: z.coerce.number().int().min(1).max(8).default(1).describe('stacked cells'),
  hiddenUnits: z.coerce.number().int().min(1).max(4096).default(10).describe('units of each cell'),
  iterations: z.coerce.number().int().min(1).max(1e6).default(1000).describe('full-batch steps'),
  learningRate: z.coerce.number().positive().max(10).default(0.1).describe('of Adam'),
  recipe: z
    .enum(['default', 'tutorial'])
    .default('default')
    .describe('tutorial: cost summed over the steps, not averaged'),
  ...outputOptions,
});

/** `npm run train -- hihello`: fits the labeller, printing a line every 100 iterations, and exports it. */
export async function trainHihello(options: z.infer<typeof hihelloOptions>): Promise<void> {
  const backend = await prepareRun(options);
  const vocabulary = countVocabulary([WORD]);
  const ids = Array.from(WORD, (character) => vocabulary.encode(character));
  const sessions = TokenSessions.of([ids]);
  const spec: ModelSpec = {
    task: 'label',
    cell: options.cell,
    layers: options.layers,
    hiddenUnits: options.hiddenUnits,
    vocabularySize: vocabulary.size,
    steps: LONGEST_TEXT,
    input: { type: 'one-hot' },
    output: 'dense',
    normalised: false,
    labels: 'next',
  };
  const batch = trainingWindows(sessions, spec.steps).whole();
  const output = options.recipe === 'tutorial' ? 'standard-normal' : 'glorot';
  const drawn = drawWeights(spec, output, createRandom(options.seed));
  const parameters = createParameters(spec, drawn);
  const costScale = options.recipe === 'tutorial' ? batch.targets.length : 1;

  const { iterations, learningRate } = options;
  const curve: EpochReport[] = [];
  const started = performance.now();
  for await (const { iteration, cost } of fitFullBatch(spec, parameters, batch, {
    iterations,
    learningRate,
    costScale,
  })) {
    if (iteration % CURVE_EVERY === 0) curve.push(pointOf(iteration, cost, { learningRate, started }));
    if (iteration % LINE_EVERY !== 0 && iteration !== iterations) continue;
    const predicted = await labels(spec, parameters, batch, vocabulary);
    const shown = `loss ${cost.toFixed(6)}  predicted ${predicted}`;
    process.stdout.write(`  iteration ${String(iteration).padStart(5)}  ${shown}\n`);
  }

  const weights = await readParameters(parameters);
  const steps = stepsOf(sessions);
  const baselines = {
    popularity: rankingOf(rankPopularity(sessions, steps, vocabulary.size)),
    markov: rankingOf(rankMarkov(sessions, steps, vocabulary.size)),
  };
  const model = rankingOf(await rankScored(steps, scoreSteps({ spec, weights }, sessions)));
  const trained = { spec, weights, vocabulary, counts: countTokens(sessions, vocabulary) };
  const run = {
    config: manifestConfig(options),
    data: {
      format: 'text',
      sessions: 1,
      events: ids.length,
      tokens: vocabulary.tokens.length,
      testSessions: 0,
    },
    metrics: { on: 'training' as const, model, baselines },
    backend,
    fallbackName: 'hihello',
    curves: curve,
    eventsPerSecond: (1000 * iterations * batch.targets.length) / (performance.now() - started),
  };
  await finishRun(trained, run, options);
}

/** The likeliest label of each step, as a string; an id that is no token shows as `?`. */
async function labels(
  spec: ModelSpec,
  parameters: Parameters,
  batch: Batch,
  vocabulary: Vocabulary,
): Promise<string> {
  const logits = batchLogits(spec, parameters, batch);
  const best = logits.argMax(1);
  const ids = await best.data();
  logits.dispose();
  best.dispose();
  return Array.from(ids, (id) => vocabulary.decode(id) ?? '?').join('');
}

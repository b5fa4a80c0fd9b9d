import type { Ranking } from '@pathcast/models/manifest';
import type { ModelSpec } from '@pathcast/models/spec';
import { inputRowWidth } from '@pathcast/models/spec';
import { Vocabulary } from '@pathcast/models/vocabulary';
import type { ModelWeights } from '@pathcast/models/weights';
import * as tf from '@tensorflow/tfjs-core';
import { kebab } from '../cli/options.ts';
import type { Dataset } from '../data/dataset.ts';
import { countTokens, encodeSessions } from '../data/sessions/encode.ts';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import { rankMarkov, rankPopularity } from '../evaluate/baselines.ts';
import { rankingOf, rankScored } from '../evaluate/ranking.ts';
import { scoreSteps } from '../evaluate/scored-steps.ts';
import { lastStepsOf } from '../evaluate/steps.ts';
import { type Batch, lastStepWindows } from '../fit/batches.ts';
import { fitFullBatch } from '../fit/full-batch.ts';
import { checkMemory, checkWasmMemory, fullBatchBytes } from '../fit/memory.ts';
import { batchLogits } from '../fit/objective.ts';
import { createParameters, drawWeights, type Parameters, readParameters } from '../fit/parameters.ts';
import { createRandom } from '../random.ts';
import type { EpochReport } from '../report/run-report.ts';
import { UserError } from '../user-error.ts';
import { type NavigationOptions, navigationDefaults } from './navigation-options.ts';
import { finishRun, manifestConfig, outputOptions, pointOf, prepareRun } from './output.ts';

const TRAIN_SHARE = 0.8;
const HIDDEN_UNITS = 100;
const LEARNING_RATE = 0.001;

/**
 * The tutorial's navigation model, faithfully: one-hot pages, LSTM of 100, the last output, full batch, TensorFlow 1's
 * Adam at 0.001 on the mean cost over batch and classes, the first 80 % of the rows to train and the rest to test.
 * It memorises its training rows and knows nothing of the others; that is its lesson.
 */
export async function trainTutorial(data: Dataset, options: NavigationOptions): Promise<void> {
  if (data.format !== 'index')
    throw new UserError('--recipe tutorial reads index files, as numpy.savetxt writes them');
  refuseOtherOptions(options);
  const backend = await prepareRun(options);
  const { classes, iterations } = options;
  const vocabulary = indexVocabulary(data.sessions, classes);
  const rows = encodeSessions(data.sessions, vocabulary);
  const steps = rows.at(0).length - 1;
  if (rows.length < 2)
    throw new UserError('--recipe tutorial needs two rows or more: some to train, the rest to test');
  const trainRows = rows.slice(0, Math.min(rows.length - 1, Math.round(rows.length * TRAIN_SHARE)));
  const testRows = rows.slice(trainRows.length);
  process.stdout.write(
    `  data      ${trainRows.length} rows to train, ${testRows.length} to test, ${classes} classes\n`,
  );
  const spec: ModelSpec = {
    task: 'next',
    cell: 'lstm',
    layers: 1,
    hiddenUnits: HIDDEN_UNITS,
    vocabularySize: vocabulary.size,
    steps,
    input: { type: 'one-hot' },
    output: 'dense',
    normalised: false,
  };
  const random = createRandom(options.seed);
  const drawn = drawWeights(spec, 'standard-normal', random);
  const active = new ActiveRows(spec, drawn, rows);
  const needed = fullBatchBytes(spec, { inputs: trainRows.length * steps, rows: active.count });
  const fewer = 'the tutorial trains on all rows at once: fewer rows or --classes take less';
  if (backend.name === 'wasm') checkWasmMemory(needed, fewer);
  else checkMemory(needed, fewer);
  const parameters = createParameters(spec, active.weights);
  const testSteps = lastStepsOf(testRows);
  const readWeights = async () => active.restore(await readParameters(parameters));
  const rankTest = async () => {
    const scored = scoreSteps({ spec, weights: await readWeights() }, testRows, {
      windows: lastStepWindows(testRows),
    });
    return rankingOf(await rankScored(testSteps, scored));
  };
  const batch = lastStepWindows(trainRows, active.pack(trainRows)).whole();
  const started = performance.now();
  const curves = await follow(spec, parameters, batch, rankTest, { iterations, classes });
  const eventsPerSecond = (1000 * iterations * batch.targets.length) / (performance.now() - started);

  const model = await rankTest();
  const weights = await readWeights();
  const baselines = {
    popularity: rankingOf(rankPopularity(trainRows, testSteps, vocabulary.size)),
    markov: rankingOf(rankMarkov(trainRows, testSteps, vocabulary.size)),
  };
  const run = {
    config: {
      ...manifestConfig({ recipe: 'tutorial', iterations, classes, seed: options.seed }),
      learningRate: LEARNING_RATE,
    },
    data: {
      format: data.format,
      sessions: trainRows.length,
      events: data.sessions.slice(0, trainRows.length).events.length,
      tokens: vocabulary.tokens.length,
      testSessions: testRows.length,
    },
    metrics: { on: 'test' as const, model, baselines },
    backend,
    fallbackName: 'navigation',
    curves,
    eventsPerSecond,
  };
  await finishRun({ spec, weights, vocabulary, counts: countTokens(trainRows, vocabulary) }, run, options);
}

/** What may be asked of this recipe; the rest is the tutorial's own. */
const OPTIONS = new Set(['data', 'format', 'recipe', 'classes', 'iterations', ...Object.keys(outputOptions)]);

function refuseOtherOptions(options: NavigationOptions): void {
  for (const [key, value] of Object.entries(options)) {
    if (OPTIONS.has(key) || value === navigationDefaults[key]) continue;
    throw new UserError(`--${kebab(key)} does not go with --recipe tutorial, whose model is fixed`);
  }
}

/** Trains, printing cost and training accuracy every 10 epochs and test accuracy every 50, as the tutorial does. */
async function follow(
  spec: ModelSpec,
  parameters: Parameters,
  batch: Batch,
  rankTest: () => Promise<Ranking>,
  { iterations, classes }: { iterations: number; classes: number },
): Promise<EpochReport[]> {
  const started = performance.now();
  const curve: EpochReport[] = [];
  const settings = { iterations, learningRate: LEARNING_RATE, costScale: 1 / classes };
  for await (const { iteration, cost } of fitFullBatch(spec, parameters, batch, settings)) {
    if (iteration % 10 !== 0 && iteration !== iterations) continue;
    curve.push(pointOf(iteration, cost, { learningRate: LEARNING_RATE, started }));
    const accuracy = await trainingAccuracy(spec, parameters, batch);
    let line = `  epoch ${String(iteration).padStart(4)}  cost ${cost.toExponential(4)}  accuracy ${accuracy.toFixed(4)}`;
    if (iteration % 50 === 0 || iteration === iterations) {
      const { recallAt1 } = await rankTest();
      line += `  test accuracy ${recallAt1.toFixed(4)}`;
    }
    process.stdout.write(`${line}\n`);
  }
  return curve;
}

async function trainingAccuracy(spec: ModelSpec, parameters: Parameters, batch: Batch): Promise<number> {
  const best = tf.tidy(() => batchLogits(spec, parameters, batch).argMax(1));
  const ids = await best.data();
  best.dispose();
  return batch.targets.filter((target, i) => ids[i] === target).length / batch.targets.length;
}

/** Every declared class is a token: those of the data by falling frequency, then the rest in order. */
function indexVocabulary(sessions: Dataset['sessions'], classes: number): Vocabulary {
  const counts = new Float64Array(classes);
  for (const session of sessions) {
    for (const page of session) {
      const index = Number(page);
      if (index >= classes) throw new UserError(`page ${page} is beyond the ${classes} declared --classes`);
      counts[index] = (counts[index] ?? 0) + 1;
    }
  }
  const order = Array.from({ length: classes }, (_, index) => index);
  order.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0));
  return new Vocabulary(order.map(String));
}

/**
 * The input rows that the data names, packed together. In full-batch training every other row has a gradient of exactly
 * zero at every step, and Adam leaves such rows where they are: training these alone gives the same model.
 */
class ActiveRows {
  readonly weights: ModelWeights;
  readonly #drawn: ModelWeights;
  readonly #width: number;
  readonly #ids: number[];
  readonly #rowOf: Map<number, number>;

  constructor(spec: ModelSpec, drawn: ModelWeights, sessions: TokenSessions) {
    this.#drawn = drawn;
    this.#width = inputRowWidth(spec);
    // Ids below 2 keep their places, so that padding stays 0.
    const used = new Set([0, 1]);
    for (const session of sessions) for (const id of session.subarray(0, -1)) used.add(id);
    this.#ids = [...used];
    this.#rowOf = new Map(this.#ids.map((id, row) => [id, row]));
    const inputRows = new Float32Array(this.#ids.length * this.#width);
    for (const [row, id] of this.#ids.entries()) inputRows.set(this.#row(drawn, id), row * this.#width);
    this.weights = { ...drawn, inputRows };
  }

  /** Rows of the packed table. */
  get count(): number {
    return this.#ids.length;
  }

  /** The sessions' ids as rows of the packed table: int32 [events]. */
  pack(sessions: TokenSessions): Int32Array {
    return sessions.ids.map((id) => this.#rowOf.get(id) ?? 1);
  }

  /** The whole table again, its active rows as trained. */
  restore(trained: ModelWeights): ModelWeights {
    const inputRows = this.#drawn.inputRows.slice();
    for (const [row, id] of this.#ids.entries()) inputRows.set(this.#row(trained, row), id * this.#width);
    return { ...trained, inputRows };
  }

  #row({ inputRows }: ModelWeights, row: number): Float32Array {
    return inputRows.subarray(row * this.#width, (row + 1) * this.#width);
  }
}

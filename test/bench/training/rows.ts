import type { ModelSpec } from '@pathcast/models/spec';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import { TRAITS } from '@pathcast/train/backends/traits';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';
import { encodeSessions, vocabularyOf } from '@pathcast/train/data/sessions/encode';
import type { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { scoreSteps } from '@pathcast/train/evaluate/scored-steps';
import { lastStepWindows } from '@pathcast/train/fit/batches';
import { LoneCrew } from '@pathcast/train/fit/crew';
import { startState } from '@pathcast/train/fit/start';
import { createRandom } from '@pathcast/train/random';
import { dataFile } from '../../support/data.ts';
import { atMost, type Row } from '../report.ts';

const CLASSES = 52_739;
const TRAIN_ROWS = 800;
/** Two rows have the same four pages and different targets: 799 of 800, 0.99875, is the most there is. */
const ACCURACY = 0.9987;
const GIVE_UP_EPOCHS = 60;

/** The tutorial's tables, and our default ones; its cell and its 100 units with both. */
const TABLES = {
  'one-hot input, dense output': { input: { type: 'one-hot' }, output: 'dense', normalised: false },
  'tied, normalised': { input: { type: 'embedding', units: 100 }, output: 'tied', normalised: true },
} as const satisfies Record<string, Partial<ModelSpec>>;

/** No dropout: the task is to learn these rows by heart. */
const SETTINGS = { rowDropout: 0, stateDropout: 0, unknownRate: 0, momentum: 0 };
const SCHEDULE = { learningRate: 0.1, steadyEpochs: GIVE_UP_EPOCHS };
const BATCH = 32;
const NEGATIVES = { count: 2048, alpha: 0.5 };

/**
 * Epochs until the tutorial's 800 training rows are known, where its full-batch Adam takes 320 or more: the last step of
 * each row learnt in batches of 32, Adagrad 0.1, 2,048 negatives.
 */
export async function tutorialRows(): Promise<Row[]> {
  const data = dataFile('tutorial/1000_index_x.txt.gz');
  if (!data) throw new Error('this bench needs the tutorial’s index files (tutorial) in PATHCAST_DATA');
  const { sessions } = await readDataset(defaultDataOptions(data));
  const trained = sessions.slice(0, TRAIN_ROWS);
  // Classes that no row names have the ids after the others: all stay candidates of the argmax.
  const rows = encodeSessions(trained, vocabularyOf(trained));
  const found: Row[] = [];
  for (const [name, tables] of Object.entries(TABLES)) {
    const what = `the tutorial’s 800 rows, ${name}: epochs to training accuracy ${ACCURACY}`;
    found.push(atMost(what, await epochsToLearn(rows, tables), 40));
  }
  return found;
}

/** @returns Infinity when the rows are not known after 60 epochs. */
async function epochsToLearn(
  rows: TokenSessions,
  tables: (typeof TABLES)[keyof typeof TABLES],
): Promise<number> {
  const spec: ModelSpec = {
    task: 'next',
    cell: 'lstm',
    layers: 1,
    hiddenUnits: 100,
    vocabularySize: CLASSES + FIRST_TOKEN_ID,
    steps: rows.at(0).length - 1,
    ...tables,
  };
  const support = new Uint32Array(CLASSES);
  for (const id of rows.ids) support[id - FIRST_TOKEN_ID] = (support[id - FIRST_TOKEN_ID] ?? 0) + 1;
  const state = startState(spec, rows, { ...SETTINGS, random: createRandom(1) });
  const windows = lastStepWindows(rows);
  const course = { spec, settings: SETTINGS, batchSize: BATCH, negatives: NEGATIVES, seed: 1 };
  const crew = new LoneCrew({ course, windows, state, support, traits: TRAITS.wasm });
  for (let epoch = 0; epoch < GIVE_UP_EPOCHS; epoch++) {
    for await (const { loss } of crew.run(epoch, 0, SCHEDULE)) {
      if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss} in epoch ${epoch + 1}`);
    }
    let right = 0;
    for await (const { probabilities, target } of scoreSteps({ spec, weights: state.weights }, rows, {
      windows,
    })) {
      if (isBest(probabilities, target)) right++;
    }
    if (right / rows.length >= ACCURACY) return epoch + 1;
  }
  return Number.POSITIVE_INFINITY;
}

/** Whether no other probability is as large. */
function isBest(probabilities: Float32Array, id: number): boolean {
  const own = probabilities[id] ?? 0;
  return probabilities.every((probability, other) => probability < own || other === id);
}

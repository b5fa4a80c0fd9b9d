import { CELLS, type ModelSpec, modelSpecSchema } from '@pathcast/models/spec';
import type { Vocabulary } from '@pathcast/models/vocabulary';
import { z } from 'zod';
import { dataOptions, dataPath } from '../data/options.ts';
import type { Sessions } from '../data/sessions/sessions.ts';
import { SPLITS } from '../data/sessions/split.ts';
import { UserError } from '../user-error.ts';
import { outputOptions } from './output.ts';

const share = z.coerce.number().min(0).max(0.95);
const units = z.coerce.number().int().min(1).max(4096);

/** What the defaults were chosen by, and what was refused, stands in docs/recipes.md. */
export const navigationOptions = z.strictObject({
  ...dataOptions,
  test: z
    .string()
    .transform(dataPath)
    .optional()
    .describe('data to test on; without it a part of --data is held out'),
  split: z.enum(SPLITS).default('last').describe('what is held out: last, last-day or random'),
  heldOut: z.coerce.number().gt(0).lt(1).default(0.1).describe('share that is held out, but for last-day'),
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
  epochs: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('passes over the data at most, the last two cooling down (5, more for little data)'),
  patience: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe(
      'epochs without a gain on held-out sessions before cooling down (2, or a quarter of many epochs)',
    ),
  batchSize: z.coerce
    .number()
    .int()
    .min(1)
    .max(8192)
    .optional()
    .describe('sessions a step (128; 64 for little data)'),
  learningRate: z.coerce
    .number()
    .positive()
    .max(10)
    .default(0.1)
    .describe('of Adagrad; cooled in the last epochs'),
  momentum: share.default(0).describe('of Adagrad'),
  negatives: z.coerce
    .number()
    .int()
    .min(0)
    .max(1e6)
    .optional()
    .describe('pages drawn a step to score against; 0 for all (all up to 4,096 pages, else 2048)'),
  alpha: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('negatives are drawn by support to this power'),
  rowDropout: share.default(0.35).describe('of the embedding, while training'),
  stateDropout: share.default(0.25).describe('of the hidden state, while training'),
  unknownRate: share.default(0.01).describe('pages hidden while training, so that unknown has a meaning'),
  workers: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('threads that train side by side (wasm); more than 1 is fast, but no run repeats bit for bit'),
  from: z
    .string()
    .regex(/^(current|\d{14})$/, 'must be current or a version of 14 digits')
    .optional()
    .describe('begin with an earlier version of the model: current, or its 14 digits'),
  resume: z.boolean().default(false).describe('go on where a run with the same options was stopped'),
  checkpointMinutes: z.coerce
    .number()
    .min(0)
    .max(1e4)
    .default(5)
    .describe('minutes between two checkpoints; 0 for one after every step'),
  ...outputOptions,
  classes: z.coerce
    .number()
    .int()
    .min(2)
    .max(0x7fff_fff0)
    .default(52_739)
    .describe('tutorial: declared pages'),
  iterations: z.coerce.number().int().min(1).max(1e5).default(400).describe('tutorial: full-batch steps'),
});

export type NavigationOptions = z.infer<typeof navigationOptions>;

/** What each option is when nobody sets it. */
export const navigationDefaults: Readonly<Record<string, unknown>> = navigationOptions.parse({ data: '-' });

/** The options once the data is known: every default is settled. */
export type SettledOptions = NavigationOptions & {
  readonly epochs: number;
  readonly batchSize: number;
  readonly negatives: number;
  readonly patience: number;
};

const EPOCHS = 5;
/** An earlier version has learnt most of it already. */
const WARM_EPOCHS = 3;
/** Little data needs as many steps all the same: the sample site gained a point of recall from 8 to 16 epochs. */
const STEPS_AT_LEAST = 1500;
const EPOCHS_AT_MOST = 64;
/** Smaller steps learn more from less data. */
const BATCH = { little: 64, much: 128, muchFrom: 50_000 } as const;
/** Up to here all pages cost no more than drawing some, and teach more. */
const FULL_SOFTMAX_PAGES = 4096;
const NEGATIVES = 2048;

/** Settles the defaults that depend on the data. */
export function settle(options: NavigationOptions, sessions: Sessions): SettledOptions {
  const count = sessions.length;
  const batchSize = options.batchSize ?? (count < BATCH.muchFrom ? BATCH.little : BATCH.much);
  const enough = Math.min(EPOCHS_AT_MOST, Math.ceil(STEPS_AT_LEAST / Math.ceil(count / batchSize)));
  const epochs = options.epochs ?? (options.from === undefined ? Math.max(EPOCHS, enough) : WARM_EPOCHS);
  return {
    ...options,
    batchSize,
    epochs,
    patience: options.patience ?? Math.max(2, Math.ceil(epochs / 4)),
    negatives: options.negatives ?? (sessions.pages.length <= FULL_SOFTMAX_PAGES ? 0 : NEGATIVES),
  };
}

/** The spec that the options ask for. @throws UserError when they do not fit together. */
export function specOf(options: NavigationOptions, vocabulary: Vocabulary): ModelSpec {
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

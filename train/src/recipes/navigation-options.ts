import { CELLS, type ModelSpec, modelSpecSchema } from '@pathcast/models/spec';
import type { Vocabulary } from '@pathcast/models/vocabulary';
import { z } from 'zod';
import { dataOptions, dataPath } from '../data/options.ts';
import { SPLITS } from '../data/sessions/split.ts';
import { UserError } from '../user-error.ts';
import { outputOptions } from './output.ts';

const share = z.coerce.number().min(0).max(0.95);
const units = z.coerce.number().int().min(1).max(4096);

/** Defaults are those of an earlier prototype, seen to do well on the last tenth of YooChoose 100k's training sessions. */
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
    .describe('passes over the data (8, more for little data)'),
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
  iterations: z.coerce.number().int().min(1).max(1e5).default(400).describe('tutorial: full-batch steps'),
});

export type NavigationOptions = z.infer<typeof navigationOptions>;

/** What each option is when nobody sets it. */
export const navigationDefaults: Readonly<Record<string, unknown>> = navigationOptions.parse({ data: '-' });

/** The options once the data is known: every default is settled. */
export type SettledOptions = NavigationOptions & { readonly epochs: number };

/** Enough passes on YooChoose 100k's validation sessions. */
const EPOCHS = 8;
/** Little data needs as many steps all the same: the sample site gained a point of recall from 8 to 16 epochs. */
const STEPS_AT_LEAST = 1500;
const EPOCHS_AT_MOST = 64;

/** Settles the defaults that depend on how many sessions there are. */
export function settle(options: NavigationOptions, sessions: number): SettledOptions {
  const stepsAnEpoch = Math.ceil(sessions / options.batchSize);
  const enough = Math.min(EPOCHS_AT_MOST, Math.ceil(STEPS_AT_LEAST / stepsAnEpoch));
  return { ...options, epochs: options.epochs ?? Math.max(EPOCHS, enough) };
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

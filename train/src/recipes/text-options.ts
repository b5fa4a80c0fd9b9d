import { CELLS, type ModelSpec } from '@pathcast/models/spec';
import { z } from 'zod';
import { userPath } from '../cli/run.ts';
import { TEXT_FORMATS, type TextFormat } from '../data/texts.ts';
import { outputOptions } from './output.ts';

const units = z.coerce.number().int().min(1).max(4096);

/** The options of `npm run train -- text`. */
export const textOptions = z.strictObject({
  data: z.string().transform(userPath).describe('file of pairs input<TAB>target, or of lines'),
  format: z
    .enum(TEXT_FORMATS)
    .optional()
    .describe(`${TEXT_FORMATS.join(' or ')}; told by content`),
  // Of equal units and time, gru came furthest on validation lines: 1.72 nats of English after six epochs.
  cell: z.enum(CELLS).default('gru').describe('simple, gru or lstm'),
  // On what small texts there were, a second cell gained nothing for twice the time.
  layers: z.coerce.number().int().min(1).max(8).default(1).describe('stacked cells'),
  hiddenUnits: units.default(128).describe('units of each cell'),
  // Characters are few, so a row of gates each costs little; an embedding of 128 or 32 units did no better.
  input: z.enum(['one-hot', 'embedding']).default('one-hot').describe('input table'),
  embeddingUnits: units.optional().describe('width of the embedding; the hidden units'),
  // As hihello's; longer texts than this are rarely typed, and a step costs one more operation a character.
  steps: z.coerce
    .number()
    .int()
    .min(1)
    .max(4096)
    .default(256)
    .describe('longest pair; longer lines are read in windows of this many characters'),
  epochs: z.coerce
    .number()
    .int()
    .min(1)
    .max(1e5)
    .optional()
    .describe('at most so many passes over the data; it stops once validation gets no better'),
  // Half of the epochs that batches of 32 take, at the same speed; 8 saves no more time.
  batchSize: z.coerce.number().int().min(1).max(8192).default(16).describe('texts a step'),
  learningRate: z.coerce.number().positive().max(10).default(0.01).describe('of Adam'),
  // Of lists of a few hundred names, 0.5 makes more than 0.2; of 80 kB of English, 0.2 and 0.4 make the same.
  dropout: z.coerce.number().min(0).max(0.95).default(0.4).describe('of the hidden state, while training'),
  heldOut: z.coerce
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe('share of the lines, the last, that says when to stop; 0 for none'),
  maxBad: z.coerce.number().min(0).max(100).default(1).describe('percent of bad lines that stops the run'),
  ...outputOptions,
});

export type TextOptions = z.infer<typeof textOptions>;

/** The spec that the options ask for. */
export function textSpec(options: TextOptions, format: TextFormat, vocabularySize: number): ModelSpec {
  const { cell, layers, hiddenUnits, steps, embeddingUnits = hiddenUnits } = options;
  return {
    task: 'label',
    cell,
    layers,
    hiddenUnits,
    vocabularySize,
    steps,
    input: options.input === 'one-hot' ? { type: 'one-hot' } : { type: 'embedding', units: embeddingUnits },
    output: 'dense',
    normalised: false,
    labels: format === 'lines' ? 'next' : 'own',
  };
}

import * as z from 'zod';

/** Recurrent cells, in every model, layer and runtime. */
export const CELLS = ['simple', 'gru', 'lstm'] as const;
export type Cell = (typeof CELLS)[number];

/** Blocks of `hiddenUnits` columns in a cell's kernels, in tfjs order: GRU z r h, LSTM i f c o. */
export const GATES: Readonly<Record<Cell, number>> = { simple: 1, gru: 3, lstm: 4 };

/** The score of a unit state against its own unit row: the logits' range with normalised scores. */
export const NORMALISED_SCALE = 14;

/** Epsilon of the layer normalisation before normalised scores; far below any state's variance. */
export const NORM_EPSILON = 1e-6;

/**
 * What a model is: all that train, kernel and client need to rebuild its graph.
 *
 * `vocabularySize` is V, the tokens plus padding (0) and unknown (1). `steps` is T: for `next` the newest pages
 * that are read, for `label` the longest text that is labelled.
 */
export const modelSpecSchema = z
  .strictObject({
    task: z.enum(['label', 'next']),
    cell: z.enum(CELLS),
    layers: z.int().min(1).max(8),
    hiddenUnits: z.int().min(1).max(4096),
    vocabularySize: z.int().min(3).max(0x7fff_ffff),
    steps: z.int().min(1).max(4096),
    input: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('one-hot') }),
      z.strictObject({ type: z.literal('embedding'), units: z.int().min(1).max(4096) }),
    ]),
    output: z.enum(['dense', 'tied']),
    normalised: z.boolean(),
    /** Of a labeller: its labels are the characters that follow (`next`), or labels of their own (`own`, as by default). */
    labels: z.enum(['next', 'own']).optional(),
  })
  .superRefine((spec, context) => {
    if (spec.labels && spec.task !== 'label') {
      context.addIssue({ code: 'custom', path: ['labels'], message: 'only the task "label" has labels' });
    }
    if (spec.output !== 'tied') return;
    if (spec.input.type !== 'embedding') {
      context.addIssue({ code: 'custom', path: ['output'], message: 'tied output needs an embedding input' });
    } else if (spec.input.units !== spec.hiddenUnits) {
      const message = `tied output needs input.units (${spec.input.units}) equal to hiddenUnits (${spec.hiddenUnits})`;
      context.addIssue({ code: 'custom', path: ['input', 'units'], message });
    }
  });

export type ModelSpec = z.infer<typeof modelSpecSchema>;

/** Width of a row of the input table: gates × H for one-hot (it replaces the first kernel), else E. */
export function inputRowWidth(spec: ModelSpec): number {
  return spec.input.type === 'one-hot' ? GATES[spec.cell] * spec.hiddenUnits : spec.input.units;
}

/** Width of the first cell's input in the layers graph; with one-hot its kernel is the identity. */
export function layerInputWidth(spec: ModelSpec, layer: number): number {
  return layer === 0 ? inputRowWidth(spec) : spec.hiddenUnits;
}

import { GATES, inputRowWidth, layerInputWidth, modelSpecSchema } from '@pathcast/models/spec';
import * as z from 'zod';

const float32 = z.instanceof(Float32Array);

const weightsSchema = z.object({
  /** [V, row width]. */
  inputRows: float32,
  cells: z.array(
    z.object({
      /** [input width, G·H]; absent where the input rows are the product already. */
      kernel: float32.optional(),
      /** [H, G·H]. */
      recurrentKernel: float32,
      /** [G·H]. */
      bias: float32,
    }),
  ),
  /** [H, V]. */
  outputKernel: float32,
  /** [V]. */
  outputBias: float32,
});

/** The weights of a fine-tuned model on the host, float32 and row-major. */
export type TunedWeights = z.infer<typeof weightsSchema>;

/** What IndexedDB keeps: a model that answers alone, and which base it came from. */
export const tunedSchema = z
  .object({
    format: z.literal('pathcast-fine-tuned/1'),
    endpoint: z.string(),
    model: z.string(),
    /** Of the base. */
    version: z.string(),
    /** Of the base's whole vocabulary, hex. */
    vocabularyDigest: z.string(),
    /** With the vocabulary size of `tokens`. */
    spec: modelSpecSchema,
    /** The head's tokens and the visitor's own, in id order from 2. */
    tokens: z.array(z.string()),
    weights: weightsSchema,
  })
  .superRefine(({ spec, tokens, weights }, context) => {
    const { vocabularySize: V, hiddenUnits: H } = spec;
    const columns = GATES[spec.cell] * H;
    const lengths: [name: string, actual: number, expected: number][] = [
      ['tokens', tokens.length + 2, V],
      ['cells', weights.cells.length, spec.layers],
      ['inputRows', weights.inputRows.length, V * inputRowWidth(spec)],
      ['outputKernel', weights.outputKernel.length, H * V],
      ['outputBias', weights.outputBias.length, V],
    ];
    for (const [layer, cell] of weights.cells.entries()) {
      const hasKernel = layer > 0 || spec.input.type === 'embedding';
      const kernel = hasKernel ? layerInputWidth(spec, layer) * columns : 0;
      lengths.push(
        [`cells[${layer}].kernel`, cell.kernel?.length ?? 0, kernel],
        [`cells[${layer}].recurrentKernel`, cell.recurrentKernel.length, H * columns],
        [`cells[${layer}].bias`, cell.bias.length, columns],
      );
    }
    for (const [name, actual, expected] of lengths) {
      if (actual !== expected) {
        context.addIssue({ code: 'custom', path: [name], message: `has length ${actual}, not ${expected}` });
      }
    }
  });

export type Tuned = z.infer<typeof tunedSchema>;

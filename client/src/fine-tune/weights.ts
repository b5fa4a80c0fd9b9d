import { LAYER } from '@pathcast/models/layer-names';
import { GATES, inputRowWidth, layerInputWidth, type ModelSpec } from '@pathcast/models/spec';
import { FIRST_TOKEN_ID, UNKNOWN_ID } from '@pathcast/models/vocabulary';
import * as z from 'zod';

const float32 = z.instanceof(Float32Array);

export const cellWeightsSchema = z.object({
  kernel: float32.optional(),
  recurrentKernel: float32,
  bias: float32,
});

interface CellWeights {
  /** [input width, G·H]; absent where the input rows are the product already. */
  readonly kernel?: Float32Array | undefined;
  /** [H, G·H]. */
  readonly recurrentKernel: Float32Array;
  /** [G·H]. */
  readonly bias: Float32Array;
}

/** The weights of a model on the host, float32 and row-major. */
export interface Weights {
  /** [V, row width]. */
  readonly inputRows: Float32Array;
  readonly cells: readonly CellWeights[];
  /** [H, V]. */
  readonly outputKernel: Float32Array;
  /** [V]. */
  readonly outputBias: Float32Array;
}

/** How a head's shards are cut into weights, as tfjs's `model.json` says it. */
export const weightEntriesSchema = z.array(
  z.object({
    name: z.string(),
    shape: z.array(z.int().min(0)),
    dtype: z.literal('float32'),
    quantization: z.looseObject({ dtype: z.literal('float16') }).optional(),
  }),
);

export type WeightEntry = z.infer<typeof weightEntriesSchema>[number];

/** What is missing from, or wrong with, the weights of a head. */
export class BadWeights extends Error {}

/**
 * Reads a head's shards, float16 or float32, little-endian.
 * @throws BadWeights when a weight is missing or has another size than the spec's.
 */
export function readWeights(
  spec: ModelSpec,
  entries: readonly WeightEntry[],
  shards: readonly ArrayBuffer[],
): Weights {
  const named = cut(entries, shards);
  const take = (name: string, length: number) => {
    const values = named.get(name);
    if (values?.length !== length)
      throw new BadWeights(`${name} has ${values?.length ?? 0} values, not ${length}`);
    return values;
  };
  const { vocabularySize: V, hiddenUnits: H } = spec;
  const columns = GATES[spec.cell] * H;
  return {
    inputRows: take(`${LAYER.embedding}/embeddings`, V * inputRowWidth(spec)),
    cells: Array.from({ length: spec.layers }, (_, layer) => {
      const name = LAYER.cell(layer);
      const kernel = hasKernel(spec, layer)
        ? take(`${name}/kernel`, layerInputWidth(spec, layer) * columns)
        : undefined;
      return {
        ...(kernel && { kernel }),
        recurrentKernel: take(`${name}/recurrent_kernel`, H * columns),
        bias: take(`${name}/bias`, columns),
      };
    }),
    outputKernel: take(`${LAYER.logits}/kernel`, H * V),
    outputBias: take(`${LAYER.logits}/bias`, V),
  };
}

/** Whether a layer's kernel is a weight; with one-hot input the first one is the identity. */
export function hasKernel(spec: ModelSpec, layer: number): boolean {
  return layer > 0 || spec.input.type === 'embedding';
}

/** Rows and columns for new tokens, started from the unknown token's, which has met every page that the model does not know. */
export function growWeights(weights: Weights, spec: ModelSpec, added: number): Weights {
  if (added === 0) return weights;
  const { vocabularySize: V, hiddenUnits: H } = spec;
  const width = inputRowWidth(spec);
  const inputRows = new Float32Array((V + added) * width);
  inputRows.set(weights.inputRows);
  const unknown = weights.inputRows.subarray(UNKNOWN_ID * width, (UNKNOWN_ID + 1) * width);
  for (let row = V; row < V + added; row++) inputRows.set(unknown, row * width);

  const outputKernel = new Float32Array(H * (V + added));
  for (let unit = 0; unit < H; unit++) {
    const row = weights.outputKernel.subarray(unit * V, (unit + 1) * V);
    outputKernel.set(row, unit * (V + added));
    outputKernel.fill(row[UNKNOWN_ID] ?? 0, unit * (V + added) + V, (unit + 1) * (V + added));
  }
  // The unknown token's own bias silences it; a token's usual bias is neutral.
  const usual = weights.outputBias.subarray(FIRST_TOKEN_ID);
  const outputBias = new Float32Array(V + added).fill(
    usual.reduce((sum, bias) => sum + bias, 0) / usual.length,
  );
  outputBias.set(weights.outputBias);
  return { inputRows, cells: weights.cells, outputKernel, outputBias };
}

function cut(
  entries: readonly WeightEntry[],
  shards: readonly ArrayBuffer[],
): Map<string, Float32Array<ArrayBuffer>> {
  const bytes = new Uint8Array(shards.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let start = 0;
  for (const shard of shards) {
    bytes.set(new Uint8Array(shard), start);
    start += shard.byteLength;
  }
  start = 0;
  const named = new Map<string, Float32Array<ArrayBuffer>>();
  for (const { name, shape, quantization } of entries) {
    const length = shape.reduce((product, size) => product * size, 1);
    const end = start + length * (quantization ? 2 : 4);
    if (end > bytes.length) throw new BadWeights(`${name} is cut off`);
    const part = bytes.slice(start, end).buffer;
    named.set(
      name,
      quantization ? Float32Array.from(new Uint16Array(part), float16) : new Float32Array(part),
    );
    start = end;
  }
  return named;
}

/** The value of a half-precision float. @see IEEE 754 binary16. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

import * as z from 'zod';
import type { Mixture } from '../predictor/mixture.ts';
import { GATES, inputRowWidth, type ModelSpec, modelSpecSchema } from '../spec.ts';
import { FIRST_TOKEN_ID, type Vocabulary } from '../vocabulary.ts';
import { cellKernelRows, checkWeights, type ModelWeights, scoringBlocks } from '../weights.ts';
import { mixtureSettings, mixtureTensors, readMixture, type TensorClass } from './mixture-tensors.ts';
import { type QuantisedRows, quantiseRows, rowScales } from './quantise.ts';
import {
  headBytes,
  PackError,
  readHead,
  readSafetensors,
  type Tensor,
  type TensorData,
  writeSafetensors,
} from './safetensors.ts';
import { buildTokenTables, type TokenTables } from './token-index.ts';

export { PackError } from './safetensors.ts';

/** What a pack says of itself. */
export interface PackHeader {
  readonly spec: ModelSpec;
  /** SHA-256 of `vocabulary.txt`, hex. */
  readonly vocabularyDigest: string;
}

/** The edge form of a model, as views over one safetensors file. */
export interface Pack extends PackHeader {
  readonly tokens: TokenTables;
  /** uint32 [V − 2]: how often training saw each token; the answer to an empty history. */
  readonly counts: Uint32Array;
  readonly cells: readonly PackCell[];
  /** [V, row width]. */
  readonly input: QuantisedRows;
  /** [V, H], unit rows where scores are normalised; shares the input's int8 rows when tied. */
  readonly output: QuantisedRows;
  /** float32 [V]. */
  readonly outputBias: Float32Array;
  /** What stands beside the recurrent model; undefined when that answers alone. */
  readonly mixture: Mixture | undefined;
}

/** As `CellWeights`, read from a pack. */
export interface PackCell {
  readonly kernel: Float32Array | undefined;
  readonly recurrentKernel: Float32Array;
  readonly bias: Float32Array;
}

const FORMAT = 'pathcast-pack/1';

/** Sections start at a multiple of this, as wide as any SIMD, counted from the first tensor's byte. */
const ALIGNMENT = 64;

const INPUT_ROWS = 'input.rows';

const metadataSchema = z.object({
  format: z.literal(FORMAT),
  spec: z.string(),
  vocabulary_digest: z.string().regex(/^[0-9a-f]{64}$/),
  mixture: z.string().optional(),
});

/**
 * Writes a model's edge form. What every prediction reads comes first: cells, tokens, scales, the mixture's tables and the rows
 * that score. Input rows of their own come last, since a prediction reads a few of them: a cold Worker answers before it has them.
 *
 * @param options.counts uint32 [V − 2], how often training saw each token.
 * @param options.vocabularyDigest SHA-256 of `vocabulary.txt`, hex.
 * @throws RangeError when vocabulary or weights do not fit the spec.
 */
export function writePack(options: {
  spec: ModelSpec;
  weights: ModelWeights;
  vocabulary: Vocabulary;
  counts: Uint32Array;
  vocabularyDigest: string;
  mixture?: Mixture | undefined;
}): Uint8Array<ArrayBuffer> {
  const { spec, weights, vocabulary, counts, vocabularyDigest, mixture } = options;
  const V = spec.vocabularySize;
  if (vocabulary.size !== V) throw new RangeError(`the vocabulary has ${vocabulary.size} ids, the spec ${V}`);
  checkWeights(spec, weights);
  const n = V - FIRST_TOKEN_ID;
  const width = inputRowWidth(spec);
  const input = quantiseRows(weights.inputRows, width);
  const output = quantiseOutput(spec, weights);
  const tokens = buildTokenTables(vocabulary.tokens);

  const head: Tensor[] = [];
  for (const [i, cell] of weights.cells.entries()) {
    const columns = GATES[spec.cell] * spec.hiddenUnits;
    if (cell.kernel) {
      head.push({ name: `cells.${i}.kernel`, shape: [cellKernelRows(spec, i), columns], data: cell.kernel });
    }
    const shape = [spec.hiddenUnits, columns];
    head.push({ name: `cells.${i}.recurrent_kernel`, shape, data: cell.recurrentKernel });
    head.push({ name: `cells.${i}.bias`, shape: [columns], data: cell.bias });
  }
  head.push(
    { name: 'input.scales', shape: [V], data: input.scales },
    { name: 'output.scales', shape: [V], data: output.scales },
    { name: 'output.bias', shape: [V], data: weights.outputBias },
    { name: 'tokens.counts', shape: [n], data: counts },
    { name: 'tokens.offsets', shape: [n + 1], data: tokens.offsets },
    { name: 'tokens.hashes', shape: [n], data: tokens.hashes },
    { name: 'tokens.ids', shape: [n], data: tokens.ids },
    { name: 'tokens.names', shape: [tokens.names.length], data: tokens.names },
  );
  pad(head, 'padding');
  if (mixture) {
    head.push(...mixtureTensors(mixture));
    pad(head, 'padding.rows');
  }

  const rows: Tensor[] = [{ name: INPUT_ROWS, shape: [V, width], data: input.rows }];
  if (output.rows) rows.unshift({ name: 'output.rows', shape: [V, spec.hiddenUnits], data: output.rows });
  return writeSafetensors([...head, ...rows], {
    format: FORMAT,
    spec: JSON.stringify(spec),
    vocabulary_digest: vocabularyDigest,
    ...(mixture ? { mixture: mixtureSettings(mixture) } : {}),
  });
}

/** The scoring rows block by block; without int8 rows when tied: a unit vector's are its row's, and only the scale differs. */
function quantiseOutput(spec: ModelSpec, weights: ModelWeights): { scales: Float32Array; rows?: Int8Array } {
  const { vocabularySize: V, hiddenUnits: H } = spec;
  const scales = new Float32Array(V);
  const rows = spec.output === 'tied' ? undefined : new Int8Array(V * H);
  for (const { start, values } of scoringBlocks(spec, weights)) {
    scales.set(rowScales(values, H), start);
    rows?.set(quantiseRows(values, H).rows, start * H);
  }
  return rows ? { scales, rows } : { scales };
}

/** Fills tensors up to where the next section may start. */
function pad(tensors: Tensor[], name: string): void {
  const bytes = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  const padding = (ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT;
  if (padding > 0) tensors.push({ name, shape: [padding], data: new Int8Array(padding) });
}

/**
 * Reads what a pack says of itself.
 * @param beginning the pack's first bytes, its header at least.
 * @param packBytes the pack's length.
 * @throws PackError when it is no pack, or cut off.
 */
export function readPackHeader(beginning: Uint8Array, packBytes: number): PackHeader {
  return parseMetadata(readHead(beginning, packBytes).metadata);
}

/** Input rows of int8 that lie behind everything else in a pack. */
export interface LastRows {
  /** Of the first row's first byte, counted from the pack's. */
  readonly start: number;
  /** Bytes a row. */
  readonly width: number;
}

/**
 * The rows at a pack's end that it can be opened without: each must be there only when its token is read. Undefined while the
 * header is not there yet; null when there are none, as when the input's rows score.
 * @param beginning the pack's first bytes.
 * @param packBytes the pack's length.
 * @throws PackError when it is no pack.
 */
export function lastRowsOf(beginning: Uint8Array, packBytes: number): LastRows | null | undefined {
  const bytes = headBytes(beginning);
  if (bytes === undefined || bytes > beginning.length) return undefined;
  const { metadata, tensors } = readHead(beginning, packBytes);
  const last = tensors.at(-1);
  const isTied = parseMetadata(metadata).spec.output === 'tied';
  if (isTied || last?.name !== INPUT_ROWS || last.shape[1] === undefined) return null;
  return { start: last.start, width: last.shape[1] };
}

/**
 * Opens a pack as views over its bytes.
 * @param file aligned to 4 bytes in its buffer, and not written to afterwards, except for its {@link LastRows}.
 * @throws PackError when it is cut off, from another format version, or its tensors do not fit its spec.
 */
export function openPack(file: Uint8Array<ArrayBuffer>): Pack {
  const { metadata, tensors } = readSafetensors(file);
  const { spec, vocabularyDigest, mixture } = parseMetadata(metadata);
  const { vocabularySize: V, hiddenUnits: H } = spec;
  const n = V - FIRST_TOKEN_ID;
  const columns = GATES[spec.cell] * H;

  function take<T extends TensorData>(
    name: string,
    type: TensorClass<T> | readonly TensorClass<T>[],
    asked?: number[],
  ): T {
    const tensor = tensors.get(name);
    if (!tensor) throw new PackError(`tensor ${name} is missing`);
    const { data } = tensor;
    if (!isOneOf(data, [type].flat())) throw new PackError(`tensor ${name} has the wrong dtype`);
    const shape = asked ?? [data.length];
    if (tensor.shape.join() !== shape.join()) {
      throw new PackError(`tensor ${name} has shape [${tensor.shape}], its spec asks for [${shape}]`);
    }
    return data;
  }

  const cells = Array.from({ length: spec.layers }, (_, i) => {
    const kernelRows = cellKernelRows(spec, i);
    return {
      kernel: kernelRows ? take(`cells.${i}.kernel`, Float32Array, [kernelRows, columns]) : undefined,
      recurrentKernel: take(`cells.${i}.recurrent_kernel`, Float32Array, [H, columns]),
      bias: take(`cells.${i}.bias`, Float32Array, [columns]),
    };
  });
  const inputRows = take(INPUT_ROWS, Int8Array, [V, inputRowWidth(spec)]);
  const names = take('tokens.names', Uint8Array);
  const tokens = {
    names,
    offsets: take('tokens.offsets', Uint32Array, [n + 1]),
    hashes: take('tokens.hashes', Uint32Array, [n]),
    ids: take('tokens.ids', Uint32Array, [n]),
  };
  if (tokens.offsets[n] !== names.length)
    throw new PackError('tokens.offsets do not end where tokens.names do');
  return {
    spec,
    vocabularyDigest,
    tokens,
    counts: take('tokens.counts', Uint32Array, [n]),
    cells,
    input: { rows: inputRows, scales: take('input.scales', Float32Array, [V]) },
    output: {
      rows: spec.output === 'tied' ? inputRows : take('output.rows', Int8Array, [V, H]),
      scales: take('output.scales', Float32Array, [V]),
    },
    outputBias: take('output.bias', Float32Array, [V]),
    mixture: readMixture(mixture, take, V),
  };
}

function isOneOf<T extends TensorData>(data: TensorData, types: readonly TensorClass<T>[]): data is T {
  return types.some((type) => data instanceof type);
}

function parseMetadata(metadata: unknown): PackHeader & { mixture: string | undefined } {
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success) throw new PackError(`not a pack of format ${FORMAT}`);
  const { spec, vocabulary_digest: vocabularyDigest, mixture } = parsed.data;
  return { spec: parseSpec(spec), vocabularyDigest, mixture };
}

function parseSpec(text: string): ModelSpec {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PackError('the spec in the header is not JSON');
  }
  const parsed = modelSpecSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new PackError(
      `the spec in the header is not one of ours: ${issue?.path.join('.')} ${issue?.message}`,
    );
  }
  return parsed.data;
}

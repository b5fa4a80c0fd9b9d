import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ARTIFACT } from '@pathcast/models/artifacts';
import { LAYER } from '@pathcast/models/layer-names';
import { type Manifest, manifestSchema } from '@pathcast/models/manifest';
import type { ModelSpec } from '@pathcast/models/spec';
import { parseVocabulary, type Vocabulary } from '@pathcast/models/vocabulary';
import { checkWeights, type ModelWeights } from '@pathcast/models/weights';
import { z } from 'zod';
import { UserError } from '../user-error.ts';

/** A version as training reads it again: its weights in full precision, from the layers model's shards. */
export interface EarlierVersion {
  readonly manifest: Manifest;
  readonly vocabulary: Vocabulary;
  readonly weights: ModelWeights;
}

/**
 * Reads a version's folder, each file checked by the digest in its manifest.
 * @throws UserError naming the file that is missing, damaged or of another format.
 */
export async function readVersion(folder: string): Promise<EarlierVersion> {
  const manifest = parse(
    join(folder, ARTIFACT.manifest),
    manifestSchema,
    await read(folder, ARTIFACT.manifest),
  );
  const take = async (path: string) => {
    const bytes = await read(folder, path);
    const listed = manifest.files.find((file) => file.path === path);
    if (createHash('sha256').update(bytes).digest('hex') !== listed?.sha256)
      throw new UserError(`${join(folder, path)}: not the file that its manifest names`);
    return bytes;
  };
  const vocabulary = parseVocabulary(new TextDecoder().decode(await take(ARTIFACT.vocabulary)));
  const weights = await readWeights(folder, manifest.spec, take);
  return { manifest, vocabulary, weights };
}

async function read(folder: string, path: string): Promise<Buffer> {
  return readFile(join(folder, path)).catch(() => {
    throw new UserError(`${join(folder, path)}: no such file`);
  });
}

function parse<T>(path: string, schema: z.ZodType<T>, bytes: Buffer): T {
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw new UserError(`${path}: not one of this version of Pathcast`, { cause: error });
  }
}

const graphSchema = z.object({
  weightsManifest: z
    .array(
      z.object({
        paths: z.array(z.string()),
        weights: z.array(
          z.object({ name: z.string(), shape: z.array(z.int().min(0)), dtype: z.literal('float32') }),
        ),
      }),
    )
    .min(1),
});

/** The shards end to end are the weights one after another. */
async function readWeights(
  folder: string,
  spec: ModelSpec,
  take: (path: string) => Promise<Buffer>,
): Promise<ModelWeights> {
  const path = join(folder, ARTIFACT.layersModel);
  const { weightsManifest } = parse(path, graphSchema, await take(ARTIFACT.layersModel));
  const arrays = new Map<string, Float32Array>();
  for (const { paths, weights } of weightsManifest) {
    const wanted = weights.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
      return { name, bytes: new Uint8Array(values.buffer), values, filled: 0 };
    });
    let at = 0;
    for (const shard of paths) {
      let bytes: Uint8Array = await take(shard);
      while (bytes.length > 0) {
        const weight = wanted[at];
        if (!weight) throw new UserError(`${path}: its shards hold more than its weights`);
        const taken = bytes.subarray(0, weight.bytes.length - weight.filled);
        weight.bytes.set(taken, weight.filled);
        weight.filled += taken.length;
        bytes = bytes.subarray(taken.length);
        if (weight.filled === weight.bytes.length) at++;
      }
    }
    for (const { name, values } of wanted) arrays.set(name, values);
  }
  return toWeights(path, spec, arrays);
}

function toWeights(path: string, spec: ModelSpec, arrays: ReadonlyMap<string, Float32Array>): ModelWeights {
  const of = (layer: string, name: string) => {
    const values = arrays.get(`${layer}/${name}`);
    if (!values) throw new UserError(`${path}: it has no weights ${layer}/${name}`);
    return values;
  };
  const cells = Array.from({ length: spec.layers }, (_, layer) => ({
    ...(layer === 0 && spec.input.type === 'one-hot' ? {} : { kernel: of(LAYER.cell(layer), 'kernel') }),
    recurrentKernel: of(LAYER.cell(layer), 'recurrent_kernel'),
    bias: of(LAYER.cell(layer), 'bias'),
  }));
  const weights = {
    inputRows: of(LAYER.embedding, 'embeddings'),
    cells,
    ...(spec.output === 'tied'
      ? {}
      : { outputRows: transpose(of(LAYER.logits, 'kernel'), spec.hiddenUnits, spec.vocabularySize) }),
    outputBias: of(LAYER.logits, 'bias'),
  };
  checkWeights(spec, weights);
  return weights;
}

/** [rows, columns] → [columns, rows]. */
function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] ?? 0;
    }
  }
  return result;
}

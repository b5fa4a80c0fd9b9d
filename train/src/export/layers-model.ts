import { LAYER } from '@pathcast/models/layer-names';
import { createLayersModel, layerWeights } from '@pathcast/models/layers';
import type { ModelSpec } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import type { ArtifactFile } from './files.ts';
import { float16Bytes } from './float16.ts';
import type { TrainedModel } from './trained-model.ts';

/** Shards hold at most this: small enough to fetch side by side, as tfjs's own converter cuts them. */
const SHARD_BYTES = 4 << 20;

/** The smallest vocabulary a graph can be built with; the real sizes are patched in. */
const STAND_IN_SIZE = 3;

/**
 * Writes the standard tfjs layers model over the first `rows` ids, as files below `folder`.
 *
 * The topology is tfjs's own, taken from a stand-in of three ids and patched to size, and the shards come straight from
 * the tables: no full tfjs model is ever built.
 *
 * @param options.rows ids of the table's head; by default all V.
 * @param options.dtype what the shards store; tfjs loads float16 back as float32.
 */
export async function* layersModelFiles(
  model: TrainedModel,
  options: { folder?: string; rows?: number; dtype?: 'float32' | 'float16' } = {},
): AsyncGenerator<ArtifactFile> {
  const { folder = '', rows = model.spec.vocabularySize, dtype = 'float32' } = options;
  const specs: tf.io.WeightsManifestEntry[] = [];
  const paths: string[] = [];
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;

  const shard = (): ArtifactFile => {
    const path = `group1-shard${paths.length + 1}.bin`;
    paths.push(path);
    const bytes = concat(pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
    return { path: folder + path, bytes, public: true };
  };

  for (const { name, shape, parts } of layerWeights(model.spec, model.weights, rows)) {
    const quantization = { dtype: 'float16' as const, original_dtype: 'float32' as const };
    specs.push({
      name,
      shape: [...shape],
      dtype: 'float32',
      ...(dtype === 'float16' ? { quantization } : {}),
    });
    for (const values of parts) {
      const stored = dtype === 'float16' ? float16Bytes(values) : bytesOf(values);
      for (let start = 0; start < stored.length; ) {
        const taken = stored.subarray(start, start + SHARD_BYTES - pendingBytes);
        pending.push(taken);
        pendingBytes += taken.length;
        start += taken.length;
        if (pendingBytes === SHARD_BYTES) yield shard();
      }
    }
  }
  if (pendingBytes > 0) yield shard();

  const document = {
    format: 'layers-model',
    generatedBy: `pathcast, TensorFlow.js ${tf.version_core}`,
    convertedBy: null,
    modelTopology: await topology(model.spec, rows),
    weightsManifest: [{ paths, weights: specs }],
  };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  yield { path: `${folder}model.json`, bytes, public: true };
}

/** tfjs's own description of the graph, for a vocabulary of `rows` ids. */
async function topology(spec: ModelSpec, rows: number): Promise<unknown> {
  const standIn = createLayersModel({ ...spec, vocabularySize: STAND_IN_SIZE });
  try {
    const parsed: unknown = standIn.toJSON(null, false);
    return patchSizes(parsed, rows);
  } finally {
    standIn.dispose();
  }
}

/** Sets the two sizes that follow the vocabulary: the embedding's rows and the logits' columns. */
function patchSizes(node: unknown, rows: number): unknown {
  if (Array.isArray(node)) return node.map((item) => patchSizes(item, rows));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key, patchSizes(value, rows)]);
  const patched = Object.fromEntries(entries);
  if (patched.name === LAYER.embedding && 'input_dim' in patched) patched.input_dim = rows;
  if (patched.name === LAYER.logits && 'units' in patched) patched.units = rows;
  return patched;
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

import { manifestSchema } from '@pathcast/models/manifest';
import type { ModelSpec } from '@pathcast/models/spec';
import { Vocabulary } from '@pathcast/models/vocabulary';
import type { io } from '@tensorflow/tfjs-core';
import * as z from 'zod';
import type { Client } from '../client.ts';
import { ResponseError } from '../errors.ts';
import { FineTuneError } from './errors.ts';

// zod compiles its checks with `new Function` where it may; a page's policy may forbid that, and report the attempt.
z.config({ jitless: true });

/** A head is a few hundred kilobytes: more patience than for a prediction. */
const DOWNLOAD_TIMEOUT_MS = 60_000;

/** The exported layers model of a head, and what is needed to rebuild its graph. */
export interface BaseModel {
  readonly model: string;
  readonly version: string;
  /** SHA-256 of the whole vocabulary, hex. */
  readonly vocabularyDigest: string;
  /** With the head's own vocabulary size. */
  readonly spec: ModelSpec;
  readonly vocabulary: Vocabulary;
  readonly artifacts: io.ModelArtifacts;
}

// Only what is read here, so that a newer server may say more.
const { version, spec, vocabularyDigest, heads } = manifestSchema.shape;
const metadataSchema = z.object({
  metadata: z.object({ manifest: z.object({ version, spec, vocabularyDigest, heads }) }),
});
const tokensSchema = z.array(z.string());
const layersModelSchema = z.object({
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string().regex(/^[\w.-]+$/)),
      weights: z.array(
        z.looseObject({ name: z.string(), shape: z.array(z.number()), dtype: z.literal('float32') }),
      ),
    }),
  ),
});

/**
 * Downloads a model's largest head.
 * @throws FineTuneError when the model has none, or does another task; as {@link Client.request} else.
 */
export async function fetchBase(
  client: Client,
  { model, kind }: { model: string; kind: ModelSpec['task'] },
  signal: AbortSignal | undefined,
): Promise<BaseModel> {
  const root = `/v1/models/${encodeURIComponent(model)}`;
  const { metadata } = await getJson(client, `${root}/metadata`, metadataSchema, signal);
  const { manifest } = metadata;
  if (manifest.spec.task !== kind) {
    const [takes, given] = kind === 'label' ? ['histories', 'pairs'] : ['pairs', 'histories'];
    throw new FineTuneError(`The model ${model} learns from ${takes}, not from ${given}`);
  }
  const head = manifest.heads.at(-1);
  if (!head) throw new FineTuneError(`The model ${model} has no head that a browser can fine-tune`);

  const folder = `${root}/versions/${manifest.version}/${head.path}`;
  const [tokens, layersModel] = await Promise.all([
    getJson(client, `${folder}/tokens.json`, tokensSchema, signal),
    getJson(client, `${folder}/model.json`, layersModelSchema, signal),
  ]);
  const paths = layersModel.weightsManifest.flatMap((group) => group.paths);
  const shards = await Promise.all(
    paths.map((path) =>
      client.request(`${folder}/${path}`, (response) => response.arrayBuffer(), {
        signal,
        timeoutMs: DOWNLOAD_TIMEOUT_MS,
      }),
    ),
  );
  const vocabulary = new Vocabulary(tokens);
  return {
    model,
    version: manifest.version,
    vocabularyDigest: manifest.vocabularyDigest,
    spec: { ...manifest.spec, vocabularySize: vocabulary.size },
    vocabulary,
    artifacts: {
      modelTopology: layersModel.modelTopology,
      weightSpecs: layersModel.weightsManifest.flatMap((group) => group.weights) as io.WeightsManifestEntry[], // as tfjs wrote them
      weightData: shards,
    },
  };
}

async function getJson<T>(
  client: Client,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const read = async (response: Response) => {
    const parsed = schema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
    const field = parsed.error.issues[0]?.path.join('.') || 'body';
    const details = { method: 'GET', url: client.endpoint + path, field };
    throw new ResponseError(details, `answered: bad ${field}`, parsed.error);
  };
  return client.request(path, read, { signal, timeoutMs: DOWNLOAD_TIMEOUT_MS });
}

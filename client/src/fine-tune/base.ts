import { manifestSchema } from '@pathcast/models/manifest';
import type { ModelSpec } from '@pathcast/models/spec';
import { Vocabulary } from '@pathcast/models/vocabulary';
import * as z from 'zod';
import type { Head } from './device.ts';
import { badAnswer, FineTuneError } from './errors.ts';
import type { Task } from './options.ts';
import type { SavedBase } from './saved.ts';
import { BadWeights, readWeights, type Weights, weightEntriesSchema } from './weights.ts';

// zod compiles its checks with `new Function` where it may; a page's policy may forbid that, and report the attempt.
z.config({ jitless: true });

/** Gets a path of the API; the page does it, with its client. */
export type Ask = (path: string) => Promise<ArrayBuffer>;

/** Where a model's heads are. */
export interface Source {
  readonly endpoint: string;
  readonly model: string;
  readonly manifest: z.infer<typeof metadataSchema>['metadata']['manifest'];
  /** Smallest first. */
  readonly heads: readonly [Head, ...Head[]];
}

/** A head, as it is saved beside what is learnt, and ready to compute with. */
export interface Base {
  readonly saved: SavedBase;
  readonly weights: Weights;
  readonly vocabulary: Vocabulary;
}

// Only what is read here, so that a newer server may say more.
const { version, spec, vocabularyDigest, heads, files } = manifestSchema.shape;
const metadataSchema = z.object({
  metadata: z.object({ manifest: z.object({ version, spec, vocabularyDigest, heads, files }) }),
});
const tokensSchema = z.array(z.string());
const layersModelSchema = z.object({
  weightsManifest: z.array(
    z.object({ paths: z.array(z.string().regex(/^[\w.-]+$/)), weights: weightEntriesSchema }),
  ),
});

/**
 * Asks for a model's current version and its heads.
 * @throws FineTuneError when the model has none, or does another task; ResponseError; as `ask` does.
 */
export async function fetchSource(ask: Ask, endpoint: string, { model, kind }: Task): Promise<Source> {
  const path = `/v1/models/${encodeURIComponent(model)}/metadata`;
  const { manifest } = (await getJson(ask, endpoint, path, metadataSchema)).metadata;
  if (manifest.spec.task !== kind) {
    const [takes, given] = kind === 'label' ? ['histories', 'pairs'] : ['pairs', 'histories'];
    throw new FineTuneError(`The model ${model} learns from ${takes}, not from ${given}`);
  }
  const [smallest, ...larger] = manifest.heads;
  if (!smallest) throw new FineTuneError(`The model ${model} has no head that a browser can fine-tune`);
  return { endpoint, model, manifest, heads: [smallest, ...larger] };
}

/** Downloads a head. @throws ResponseError when it is not what the manifest says; as `ask` does. */
export async function fetchHead(ask: Ask, source: Source, head: Head): Promise<Base> {
  const { endpoint, model, manifest } = source;
  const folder = `/v1/models/${encodeURIComponent(model)}/versions/${manifest.version}/${head.path}`;
  const [tokens, { weightsManifest }] = await Promise.all([
    getJson(ask, endpoint, `${folder}/tokens.json`, tokensSchema),
    getJson(ask, endpoint, `${folder}/model.json`, layersModelSchema),
  ]);
  const paths = weightsManifest.flatMap((group) => group.paths);
  const shards = await Promise.all(paths.map((path) => ask(`${folder}/${path}`)));
  const digests = paths.map(
    (path) => manifest.files.find((file) => file.path === `${head.path}/${path}`)?.sha256 ?? '',
  );
  for (const [index, shard] of shards.entries()) {
    const digest = await sha256(shard);
    if (digest && digest !== digests[index])
      throw badAnswer(`${endpoint}${folder}/${paths[index]}`, 'SHA-256');
  }
  const saved: SavedBase = {
    format: 'pathcast-base/1',
    version: manifest.version,
    vocabularyDigest: manifest.vocabularyDigest,
    digest: digests.join(' '),
    spec: { ...manifest.spec, vocabularySize: tokens.length + 2 },
    tokens,
    entries: weightsManifest.flatMap((group) => group.weights),
    shards,
  };
  try {
    return openBase(saved);
  } catch (cause) {
    if (cause instanceof BadWeights || cause instanceof RangeError)
      throw badAnswer(`${endpoint}${folder}/model.json`, cause.message, cause);
    throw cause;
  }
}

/** @throws BadWeights or RangeError when the record does not hold together. */
export function openBase(saved: SavedBase): Base {
  const spec: ModelSpec = saved.spec;
  return {
    saved,
    weights: readWeights(spec, saved.entries, saved.shards),
    vocabulary: new Vocabulary(saved.tokens),
  };
}

/** Hex; empty where the page is no secure context, and the browser has no digests. */
export async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = await globalThis.crypto?.subtle?.digest('SHA-256', bytes);
  return digest
    ? Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
    : '';
}

async function getJson<T>(ask: Ask, endpoint: string, path: string, schema: z.ZodType<T>): Promise<T> {
  const fault = (field: string, cause: unknown) => badAnswer(endpoint + path, field, cause);
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(await ask(path)));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw fault('body', cause);
    throw cause;
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw fault(parsed.error.issues[0]?.path.join('.') || 'body', parsed.error);
}

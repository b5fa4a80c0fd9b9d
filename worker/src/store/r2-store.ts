import { ARTIFACT, fileKey, KEY_PREFIX, MODEL_NAME } from '@pathcast/models/artifacts';
import { ProblemError } from '../problem.ts';
import { loadModel, readManifest, readPointer } from './load-model.ts';
import { headMatching, streamRange, streamVerified, unavailable } from './objects.ts';
import { Refreshing } from './refreshing.ts';
import type { ModelState, ModelStore, PublicFile } from './store.ts';

/** A pointer is read again after this: how long a publication takes to reach a warm Worker. */
export const RECHECK_MS = 30_000;
/** With nothing to serve, the next try comes sooner; not at once, since a broken pack may be large. */
export const RETRY_MS = 5_000;
/** Manifests kept for downloads; they never change, and a site has few versions at a time. */
const KEPT_MANIFESTS = 32;
/** Whatever a manifest says: they hold the whole catalogue. */
const NEVER_PUBLIC: readonly string[] = [ARTIFACT.pack, ARTIFACT.vocabulary];

export interface R2StoreOptions {
  /** What predicts: a build of `models/kernel`. */
  readonly kernel: WebAssembly.Module;
  /** The clock, in ms. */
  readonly now?: () => number;
  /** Keeps a shared load running when the request that began it goes away. */
  readonly keepAlive?: (load: Promise<unknown>) => void;
}

/**
 * Serves models from R2, keeping what is loaded: one store an isolate. A load runs once, whoever waits for it; a version
 * that does not verify never replaces one that does. A model whose pointer is gone is withdrawn at the next check.
 */
export function createR2Store(bucket: R2Bucket, options: R2StoreOptions): ModelStore {
  const { kernel, now = Date.now, keepAlive = () => {} } = options;
  const models = new Map<string, Refreshing<ModelState>>();
  const files = new Map<string, ReadonlyMap<string, PublicFile>>();
  const names = new Refreshing({ load: () => listNames(bucket), lifetimeMs: () => RECHECK_MS, now });

  function shared<T>(load: Promise<T>): Promise<T> {
    keepAlive(load.catch(() => {})); // whoever waits for it sees the failure
    return load;
  }

  return {
    names: () => shared(names.get()),

    async state(name) {
      let model = models.get(name);
      if (!model) {
        model = new Refreshing<ModelState>({
          load: (previous) => refresh(bucket, name, kernel, previous),
          lifetimeMs: ({ served }) => (served ? RECHECK_MS : RETRY_MS),
          now,
        });
        models.set(name, model);
      }
      try {
        return await shared(model.get());
      } catch (error) {
        models.delete(name); // so that made-up names leave nothing behind
        throw error;
      }
    },

    async publicFiles(name, version) {
      const key = `${name}/${version}`;
      const found = files.get(key) ?? (await readPublicFiles(bucket, name, version));
      files.set(key, found);
      const [oldest] = files.keys();
      if (files.size > KEPT_MANIFESTS && oldest !== undefined) files.delete(oldest);
      return found;
    },

    open(name, version, file, range) {
      const key = fileKey(name, version, file.path);
      return range ? streamRange(bucket, key, file, range) : streamVerified(bucket, key, file);
    },

    async verify(name, version, file) {
      await headMatching(bucket, fileKey(name, version, file.path), file);
    },
  };
}

/** @throws ProblemError `unknown-model`; every other failure becomes part of the state. */
async function refresh(
  bucket: R2Bucket,
  name: string,
  kernel: WebAssembly.Module,
  previous?: ModelState,
): Promise<ModelState> {
  const earlier = previous?.served ?? null;
  let version: string | null = null;
  try {
    const pointer = await readPointer(bucket, name);
    if (!pointer) throw new ProblemError('unknown-model', `model: there is no model "${name}"`);
    version = pointer.version;
    const isUnchanged = earlier?.manifestDigest === pointer.manifestDigest && earlier.version === version;
    const served = isUnchanged ? earlier : await loadModel(bucket, name, pointer, kernel);
    return { name, served, failure: null };
  } catch (error) {
    if (error instanceof ProblemError && error.kind === 'unknown-model') throw error;
    if (!(error instanceof ProblemError)) console.error(error);
    const reason = error instanceof ProblemError ? error.detail : 'it could not be loaded';
    return { name, served: earlier, failure: { version, reason } };
  }
}

async function listNames(bucket: R2Bucket): Promise<readonly string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  try {
    do {
      const page = await bucket.list({
        prefix: KEY_PREFIX,
        delimiter: '/',
        ...(cursor === undefined ? {} : { cursor }),
      });
      names.push(...page.delimitedPrefixes.map((prefix) => prefix.slice(KEY_PREFIX.length, -1)));
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor !== undefined);
  } catch (error) {
    console.error(error);
    throw unavailable('the models could not be listed from R2');
  }
  return names.filter((name) => MODEL_NAME.test(name)).sort();
}

async function readPublicFiles(
  bucket: R2Bucket,
  name: string,
  version: string,
): Promise<ReadonlyMap<string, PublicFile>> {
  const read = await readManifest(bucket, name, version);
  if (!read) {
    throw new ProblemError('unknown-version', `version: model "${name}" has no version ${version}`);
  }
  const { manifest, bytes, sha256 } = read;
  const listed = manifest.files.filter((file) => file.public && !NEVER_PUBLIC.includes(file.path));
  const all: PublicFile[] = [...listed, { path: ARTIFACT.manifest, bytes, sha256 }];
  return new Map(all.map((file) => [file.path, file]));
}

import { ARTIFACT, fileKey, KEY_PREFIX, MODEL_NAME } from '@pathcast/models/artifacts';
import { ProblemError } from '../problem.ts';
import { readManifest } from './load-model.ts';
import { MemoryBudget, readModelBytes } from './memory-budget.ts';
import { ModelSlot } from './model-slot.ts';
import { headMatching, streamRange, streamVerified, unavailable } from './objects.ts';
import { Refreshing } from './refreshing.ts';
import type { ModelState, ModelStore, PublicFile } from './store.ts';

/** Manifests kept for downloads; they never change, and a site has few versions at a time. */
const KEPT_MANIFESTS = 32;
/** Whatever a manifest says: they hold the whole catalogue. */
const NEVER_PUBLIC: readonly string[] = [ARTIFACT.pack, ARTIFACT.vocabulary];

/** The lists of models are read again after this. */
const LIST_MS = 30_000;

export interface R2StoreOptions {
  /** What predicts: a build of `models/kernel`; without it, plain TypeScript does. */
  readonly kernel?: WebAssembly.Module | undefined;
  /** What all loaded models may take together, in bytes; 100 MB by default. */
  readonly modelBytes?: number | undefined;
  /** The clock, in ms. */
  readonly now?: () => number;
  /** Keeps shared work going when the request that began it goes away. */
  readonly keepAlive?: (work: Promise<unknown>) => void;
}

/**
 * Serves models from R2, keeping what is loaded: one store an isolate. Work runs once, whoever waits for it; a version that does
 * not verify never replaces one that does. A model whose pointer is gone is withdrawn at the next check.
 */
export function createR2Store(bucket: R2Bucket, options: R2StoreOptions): ModelStore {
  const { kernel, modelBytes = readModelBytes(undefined), now = Date.now, keepAlive = () => {} } = options;
  const budget = new MemoryBudget(modelBytes);
  const slots = new Map<string, ModelSlot>();
  const files = new Map<string, ReadonlyMap<string, PublicFile>>();
  const names = new Refreshing({ load: () => listNames(bucket), lifetimeMs: () => LIST_MS, now });

  async function ask(name: string, question: (slot: ModelSlot) => Promise<ModelState>): Promise<ModelState> {
    const slot = slots.get(name) ?? new ModelSlot(name, { bucket, kernel, budget, now, keepAlive });
    slots.set(name, slot);
    try {
      return await question(slot);
    } catch (error) {
      slots.delete(name); // so that made-up names leave nothing behind
      throw error;
    }
  }

  return {
    names() {
      const found = names.get();
      keepAlive(found.catch(() => {})); // whoever waits for it sees the failure
      return found;
    },

    state: (name) => ask(name, (slot) => slot.state()),
    peek: (name) => ask(name, (slot) => slot.peek()),

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

import { ARTIFACT, fileKey, type Pointer, pointerKey, pointerSchema } from '@pathcast/models/artifacts';
import { firstIssue } from '@pathcast/models/first-issue';
import { type Manifest, type ManifestFile, manifestSchema } from '@pathcast/models/manifest';
import { openPack, PackError } from '@pathcast/models/pack/pack';
import { Kernel } from '@pathcast/models/predictor/kernel';
import { createPredictor } from '@pathcast/models/predictor/predictor';
import type { ModelSpec } from '@pathcast/models/spec';
import { readSmall, readVerifiedInto, sha256, unavailable } from './objects.ts';
import type { ServedModel } from './store.ts';

const POINTER_BYTES = 4 << 10;
const MANIFEST_BYTES = 4 << 20;

/** A manifest and what it is itself. */
export interface ReadManifest {
  readonly manifest: Manifest;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Reads which version is current, or null when the model is not published.
 * @throws ProblemError `model-unavailable` when `current.json` is not a pointer.
 */
export async function readPointer(bucket: R2Bucket, name: string): Promise<Pointer | null> {
  const bytes = await readSmall(bucket, pointerKey(name), POINTER_BYTES);
  if (!bytes) return null;
  const parsed = pointerSchema.safeParse(parseJson(bytes, 'current.json'));
  if (!parsed.success) throw unavailable(firstIssue(parsed.error, 'current.json'));
  return parsed.data;
}

/**
 * Reads a version's manifest, or null when there is no such version.
 * @throws ProblemError `model-unavailable` when it is not a manifest, or another version's.
 */
export async function readManifest(
  bucket: R2Bucket,
  name: string,
  version: string,
): Promise<ReadManifest | null> {
  const bytes = await readSmall(bucket, fileKey(name, version, ARTIFACT.manifest), MANIFEST_BYTES);
  if (!bytes) return null;
  const parsed = manifestSchema.safeParse(parseJson(bytes, ARTIFACT.manifest));
  if (!parsed.success) throw unavailable(`${ARTIFACT.manifest}: ${firstIssue(parsed.error, 'it')}`);
  const manifest = parsed.data;
  if (manifest.name !== name || manifest.version !== version) {
    throw unavailable(`${ARTIFACT.manifest} is that of ${manifest.name} ${manifest.version}`);
  }
  return { manifest, bytes: bytes.length, sha256: await sha256(bytes) };
}

/**
 * Loads the version that a pointer names.
 * @param kernelModule what predicts.
 * @throws ProblemError `model-unavailable` when any of its files is missing, or not what the file before it says.
 */
export async function loadModel(
  bucket: R2Bucket,
  name: string,
  pointer: Pointer,
  kernelModule: WebAssembly.Module,
): Promise<ServedModel> {
  const { version, manifestDigest } = pointer;
  const read = await readManifest(bucket, name, version);
  if (!read) throw unavailable(`current.json names version ${version}, which has no ${ARTIFACT.manifest}`);
  if (read.sha256 !== manifestDigest) {
    throw unavailable(`${ARTIFACT.manifest} is not the one that current.json names by its SHA-256`);
  }
  const { manifest } = read;
  const entry = manifest.files.find(({ path }) => path === ARTIFACT.pack);
  if (!entry) throw unavailable(`${ARTIFACT.manifest} lists no ${ARTIFACT.pack}`);
  const kernel = await readPack(bucket, fileKey(name, version, ARTIFACT.pack), entry, manifest, kernelModule);
  return { name, version, manifestDigest, manifest, predictor: openPredictor(kernel, manifest) };
}

/** Reads a pack into the memory of a kernel of its own. */
async function readPack(
  bucket: R2Bucket,
  key: string,
  entry: ManifestFile,
  { spec }: Manifest,
  kernelModule: WebAssembly.Module,
): Promise<Kernel> {
  const reserved: { kernel?: Kernel } = {};
  await readVerifiedInto(bucket, key, entry, () => {
    reserved.kernel = reserveKernel(kernelModule, entry.bytes, spec);
    return reserved.kernel.bytes;
  });
  if (!reserved.kernel) throw new Error('a pack was read into nothing');
  return reserved.kernel;
}

function reserveKernel(kernelModule: WebAssembly.Module, packBytes: number, spec: ModelSpec): Kernel {
  try {
    return new Kernel(kernelModule, packBytes, spec);
  } catch (error) {
    console.error(error);
    throw unavailable(`${ARTIFACT.pack} needs more memory than there is`);
  }
}

/** Opens the predictor over a pack that belongs to the manifest. */
function openPredictor(kernel: Kernel, manifest: Manifest) {
  try {
    const pack = openPack(kernel.bytes);
    if (pack.vocabularyDigest !== manifest.vocabularyDigest) {
      throw new PackError('it was made for another vocabulary than its manifest names');
    }
    // Both went through the same schema, which fixes the order of the keys.
    if (JSON.stringify(pack.spec) !== JSON.stringify(manifest.spec)) {
      throw new PackError('its spec is not the one in its manifest');
    }
    return createPredictor(pack, kernel.scorer(pack));
  } catch (error) {
    if (error instanceof PackError) throw unavailable(`${ARTIFACT.pack}: ${error.message}`);
    throw error;
  }
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw unavailable(`${path} is not JSON`);
  }
}

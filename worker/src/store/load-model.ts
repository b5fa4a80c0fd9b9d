import { ARTIFACT, fileKey, type Pointer, pointerKey, pointerSchema } from '@pathcast/models/artifacts';
import { firstIssue } from '@pathcast/models/first-issue';
import { type Manifest, type ManifestFile, manifestSchema } from '@pathcast/models/manifest';
import { openPack, PackError, type PackHeader, readPackHeader } from '@pathcast/models/pack/pack';
import { Kernel, type PackHome } from '@pathcast/models/predictor/kernel';
import { PlainHome } from '@pathcast/models/predictor/plain-home';
import { createPredictor } from '@pathcast/models/predictor/predictor';
import type { ModelSpec } from '@pathcast/models/spec';
import { IncomingPack } from './incoming-pack.ts';
import {
  fromR2,
  headMatching,
  openMatching,
  openRange,
  readSmall,
  sha256,
  unavailable,
  verify,
} from './objects.ts';
import type { ServedModel } from './store.ts';

const POINTER_BYTES = 4 << 10;
const MANIFEST_BYTES = 4 << 20;
/** A pack's header has some KB, and never more. */
const HEADER_BYTES = (1 << 20) + 8;

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

/** A version that may be loaded: its manifest is the one that the pointer names. */
export interface Candidate {
  readonly name: string;
  readonly pointer: Pointer;
  readonly manifest: Manifest;
  /** The pack's key, and what it has to be. */
  readonly key: string;
  readonly pack: ManifestFile;
}

/**
 * Reads what a pointer names.
 * @throws ProblemError `model-unavailable` when the manifest is missing, or not what the pointer says.
 */
export async function readCandidate(bucket: R2Bucket, name: string, pointer: Pointer): Promise<Candidate> {
  const { version, manifestDigest } = pointer;
  const read = await readManifest(bucket, name, version);
  if (!read) throw unavailable(`current.json names version ${version}, which has no ${ARTIFACT.manifest}`);
  if (read.sha256 !== manifestDigest) {
    throw unavailable(`${ARTIFACT.manifest} is not the one that current.json names by its SHA-256`);
  }
  const pack = read.manifest.files.find(({ path }) => path === ARTIFACT.pack);
  if (!pack) throw unavailable(`${ARTIFACT.manifest} lists no ${ARTIFACT.pack}`);
  return { name, pointer, manifest: read.manifest, key: fileKey(name, version, ARTIFACT.pack), pack };
}

/**
 * Checks as much of a version as can be without holding it: its pack's size, checksum and header.
 * @throws ProblemError `model-unavailable` when any is not what the manifest says.
 */
export async function checkCandidate(bucket: R2Bucket, { key, pack, manifest }: Candidate): Promise<void> {
  const { etag } = await headMatching(bucket, key, pack);
  const range = { offset: 0, length: Math.min(HEADER_BYTES, pack.bytes) };
  const body = await openRange(bucket, key, pack, etag, range);
  const beginning = await fromR2(key, async () => new Uint8Array(await new Response(body).arrayBuffer()));
  await asPack(() => checkHeader(readPackHeader(beginning, pack.bytes), manifest));
}

/**
 * Loads a version into memory of its own: enough of it to answer, while input rows of its own may follow.
 * @param options.kernel what predicts; without it, plain TypeScript does.
 * @param options.keepAlive keeps that following going when the request that began it is answered.
 * @throws ProblemError `model-unavailable` when the pack is missing, or not what the manifest says.
 */
export async function loadCandidate(
  bucket: R2Bucket,
  { name, pointer, manifest, key, pack: expected }: Candidate,
  {
    kernel,
    keepAlive,
  }: { kernel: WebAssembly.Module | undefined; keepAlive: (work: Promise<unknown>) => void },
): Promise<ServedModel> {
  const object = await openMatching(bucket, key, expected);
  const home = reserve(kernel, expected.bytes, manifest.spec);
  const source = { bucket, key, expected, etag: object.etag };
  const incoming = new IncomingPack(source, home.bytes);
  await asPack(() => incoming.begin(object.body));
  if (!object.checksums.sha256) {
    await incoming.finish();
    await verify(home.bytes, expected);
  }
  const predictor = await asPack(() => {
    const pack = openPack(home.bytes);
    checkHeader(pack, manifest);
    return createPredictor(pack, home.engine(pack));
  });

  async function readRows(tokens: readonly string[]): Promise<void> {
    await incoming.rows(predictor.ids(tokens));
    keepAlive(incoming.finish().catch(() => {})); // tried again by the next who needs a row
  }

  return {
    name,
    ...pointer,
    manifest,
    predictor,
    byteLength: home.byteLength,
    prepare: (tokens) => (incoming.isWhole ? undefined : readRows(tokens())),
  };
}

function reserve(kernel: WebAssembly.Module | undefined, packBytes: number, spec: ModelSpec): PackHome {
  try {
    return kernel ? new Kernel(kernel, packBytes, spec) : new PlainHome(packBytes);
  } catch (error) {
    console.error(error);
    throw unavailable(`${ARTIFACT.pack} needs more memory than there is`);
  }
}

/** @throws PackError when a pack does not belong to its manifest. */
function checkHeader({ spec, vocabularyDigest }: PackHeader, manifest: Manifest): void {
  if (vocabularyDigest !== manifest.vocabularyDigest) {
    throw new PackError('it was made for another vocabulary than its manifest names');
  }
  // Both went through the same schema, which fixes the order of the keys.
  if (JSON.stringify(spec) !== JSON.stringify(manifest.spec)) {
    throw new PackError('its spec is not the one in its manifest');
  }
}

/** Turns a pack's own error into a problem. */
async function asPack<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
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

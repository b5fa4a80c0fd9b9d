import { ProblemError } from '../problem.ts';
import type { ByteRange } from './store.ts';

const SMALL_BYTES = 1 << 20;

/** What an object has to be. */
export interface Expected {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** Says why a model cannot answer. @param reason a sentence that names the file. */
export function unavailable(reason: string): ProblemError {
  return new ProblemError('model-unavailable', reason, { 'Retry-After': '5' });
}

/**
 * Reads a small object whole, or null when there is none.
 * @throws ProblemError `model-unavailable` when it is larger than `maxBytes`.
 */
export async function readSmall(
  bucket: R2Bucket,
  key: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const object = await fromR2(key, () => bucket.get(key));
  if (!object) return null;
  if (object.size > maxBytes) {
    await discard(object);
    throw unavailable(`${nameOf(key)} has ${object.size} bytes, more than any such file`);
  }
  return fromR2(key, () => bytesOf(object));
}

/**
 * Reads an object whole, after R2's size and checksum have been compared with what is expected. An object that carries
 * no checksum is hashed here.
 * @throws ProblemError `model-unavailable` when it is missing or differs.
 */
export async function readVerified(
  bucket: R2Bucket,
  key: string,
  expected: Expected,
): Promise<Uint8Array<ArrayBuffer>> {
  return readMatching(await openMatching(bucket, key, expected), expected);
}

/**
 * Opens an object whose size R2 says is the expected one, and its checksum, if it carries one.
 * @throws ProblemError `model-unavailable` when it is missing or differs.
 */
export async function openMatching(bucket: R2Bucket, key: string, expected: Expected): Promise<R2ObjectBody> {
  const object = await fromR2(key, () => bucket.get(key));
  return matching(object, expected);
}

/** @throws ProblemError `model-unavailable` when bytes are not the expected ones. */
export async function verify(bytes: Uint8Array, expected: Expected): Promise<void> {
  const found = await sha256(bytes);
  if (found !== expected.sha256) throw unavailable(wrongChecksum(expected, found));
}

/** As {@link readVerified}, as a stream. */
export async function streamVerified(
  bucket: R2Bucket,
  key: string,
  expected: Expected,
): Promise<ReadableStream> {
  const object = await openMatching(bucket, key, expected);
  if (object.checksums.sha256) return object.body;
  return new Blob([await readMatching(object, expected)]).stream();
}

/** As {@link readVerified}, a part as a stream: of the very object whose checksum was compared. */
export async function streamRange(
  bucket: R2Bucket,
  key: string,
  expected: Expected,
  range: ByteRange,
): Promise<ReadableStream> {
  const { etag, checksums } = await headMatching(bucket, key, expected);
  if (!checksums.sha256) {
    const bytes = await readVerified(bucket, key, expected); // a part cannot be hashed
    return new Blob([bytes.subarray(range.offset, range.offset + range.length)]).stream();
  }
  return openRange(bucket, key, expected, etag, range);
}

/**
 * Opens a part of the very object that has a tag.
 * @throws ProblemError `model-unavailable` when it is another one by now.
 */
export async function openRange(
  bucket: R2Bucket,
  key: string,
  { path }: Expected,
  etag: string,
  range: ByteRange,
): Promise<ReadableStream<Uint8Array>> {
  const object = await fromR2(key, () => bucket.get(key, { range, onlyIf: { etagMatches: etag } }));
  if (!object || !('body' in object)) throw unavailable(`${path} changed while it was read`);
  return object.body;
}

/** Compares an object's size and checksum with what is expected, without reading it. @throws ProblemError as above. */
export async function headMatching(bucket: R2Bucket, key: string, expected: Expected): Promise<R2Object> {
  const object = await fromR2(key, () => bucket.head(key));
  const fault = faultOf(object, expected);
  if (fault || !object) throw unavailable(fault);
  return object;
}

/** SHA-256, hex. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', bytes));
}

/** Lets an object pass that may be the expected one, by what R2 knows of it. */
export async function matching(object: R2ObjectBody | null, expected: Expected): Promise<R2ObjectBody> {
  const fault = faultOf(object, expected);
  if (object && !fault) return object;
  if (object) await discard(object);
  throw unavailable(fault);
}

/** Reads an object whose size and checksum, if it has one, are right; without one its bytes are hashed. */
async function readMatching(object: R2ObjectBody, expected: Expected): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await fromR2(object.key, () => bytesOf(object));
  if (bytes.length !== expected.bytes) throw unavailable(`${expected.path} was cut off while it was read`);
  if (!object.checksums.sha256) await verify(bytes, expected);
  return bytes;
}

/** Why an object is not the expected one, by what R2 knows of it; empty when it may be. */
function faultOf(object: R2Object | null, expected: Expected): string {
  const { path, bytes } = expected;
  if (!object) return `${path} is missing`;
  if (object.size !== bytes) return `${path} has ${object.size} bytes; its manifest says ${bytes}`;
  const stored = object.checksums.sha256 ? hex(object.checksums.sha256) : expected.sha256;
  return stored === expected.sha256 ? '' : wrongChecksum(expected, stored);
}

function wrongChecksum({ path, sha256 }: Expected, found: string): string {
  return `${path} has the SHA-256 ${found.slice(0, 12)}…; its manifest says ${sha256.slice(0, 12)}…`;
}

/** Turns a failure of R2 itself into a problem; its words go to the log alone. */
export async function fromR2<T>(key: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    console.error(error);
    throw unavailable(`${nameOf(key)} could not be read from R2`);
  }
}

/** An unread body holds one of a Worker's few connections. A small one is cheaper read to its end than cut off. */
async function discard(object: R2ObjectBody): Promise<void> {
  if (object.size > SMALL_BYTES) await object.body.cancel();
  else await fromR2(object.key, () => bytesOf(object));
}

async function bytesOf(object: R2ObjectBody): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await object.arrayBuffer());
}

function hex(digest: ArrayBuffer): string {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The last part of a key. */
function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

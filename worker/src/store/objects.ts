import { ProblemError } from '../problem.ts';
import type { ByteRange } from './store.ts';

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
  const object = await get(bucket, key);
  if (!object) return null;
  if (object.size > maxBytes) {
    await object.body.cancel();
    throw unavailable(`${nameOf(key)} has ${object.size} bytes, more than any such file`);
  }
  return new Uint8Array(await object.arrayBuffer());
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
  return readMatching(await getMatching(bucket, key, expected), expected);
}

/** As {@link readVerified}, as a stream, of a part where `range` is given. */
export async function streamVerified(
  bucket: R2Bucket,
  key: string,
  expected: Expected,
  range?: ByteRange,
): Promise<ReadableStream> {
  const object = await getMatching(bucket, key, expected, range);
  if (object.checksums.sha256) return object.body;
  if (!range) return new Blob([await readMatching(object, expected)]).stream();
  // A part cannot be hashed: the whole file is read, and cut here.
  await object.body.cancel();
  const bytes = await readVerified(bucket, key, expected);
  return new Blob([bytes.subarray(range.offset, range.offset + range.length)]).stream();
}

/** SHA-256, hex. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', bytes));
}

async function getMatching(bucket: R2Bucket, key: string, expected: Expected, range?: ByteRange) {
  const object = await get(bucket, key, range);
  if (!object) throw unavailable(`${expected.path} is missing`);
  const stored = object.checksums.sha256 && hex(object.checksums.sha256);
  if (object.size === expected.bytes && (!stored || stored === expected.sha256)) return object;
  await object.body.cancel();
  if (object.size !== expected.bytes) {
    throw unavailable(`${expected.path} has ${object.size} bytes; its manifest says ${expected.bytes}`);
  }
  throw wrongChecksum(expected, stored ?? '');
}

async function get(bucket: R2Bucket, key: string, range?: ByteRange): Promise<R2ObjectBody | null> {
  try {
    return await bucket.get(key, range ? { range } : {});
  } catch (error) {
    // Also what a range beyond the end of a truncated object comes to.
    console.error(error);
    throw unavailable(`${nameOf(key)} could not be read from R2`);
  }
}

/** Reads an object whose size and checksum, if it has one, are right; without one its bytes are hashed. */
async function readMatching(object: R2ObjectBody, expected: Expected): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await object.arrayBuffer());
  if (bytes.length !== expected.bytes) throw unavailable(`${expected.path} is cut off in transfer`);
  if (object.checksums.sha256) return bytes;
  const found = await sha256(bytes);
  if (found !== expected.sha256) throw wrongChecksum(expected, found);
  return bytes;
}

function wrongChecksum({ path, sha256 }: Expected, found: string): ProblemError {
  return unavailable(
    `${path} has the SHA-256 ${found.slice(0, 12)}…; its manifest says ${sha256.slice(0, 12)}…`,
  );
}

function hex(digest: ArrayBuffer): string {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The last part of a key. */
function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

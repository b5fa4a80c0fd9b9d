import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

const CHUNK_BYTES = 256 << 10;

/** What a file is at one time. */
export interface FileVersion {
  readonly path: string;
  readonly bytes: number;
  /** Changes with whatever is written to the file or put in its place. */
  readonly identity: string;
  readonly sha256: Buffer;
}

/** Hashes files, each version once, however many ask. */
export class FileVersions {
  readonly #known = new Map<string, { identity: string; version: Promise<FileVersion> }>();

  /** What the file is now, or null where there is no file. @throws Error when it changes while it is hashed. */
  async of(path: string): Promise<FileVersion | null> {
    const found = await identityAt(path);
    if (found === null) return null;
    const known = this.#known.get(path);
    if (known?.identity === found.identity) return known.version;
    const version = hash(path, found);
    this.#known.set(path, { identity: found.identity, version });
    version.catch(() => this.#known.delete(path));
    return version;
  }
}

/**
 * Reads a part of that very version of a file, opening it when the first byte is asked for.
 * @throws Error when the file is another by then, or changes while it is read.
 */
export async function* readPart(
  { path, identity }: FileVersion,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    await expectIdentity(file, path, identity);
    for (let done = 0; done < length; ) {
      const chunk = new Uint8Array(Math.min(length - done, CHUNK_BYTES));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, offset + done);
      if (bytesRead === 0) throw changed(path);
      done += bytesRead;
      // The last bytes are given out once nothing can be wrong with them.
      if (done === length) await expectIdentity(file, path, identity);
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function hash(
  path: string,
  { bytes, identity }: { bytes: number; identity: string },
): Promise<FileVersion> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) digest.update(chunk);
  if ((await identityAt(path))?.identity !== identity) throw changed(path);
  return { path, bytes, identity, sha256: digest.digest() };
}

async function identityAt(path: string): Promise<{ bytes: number; identity: string } | null> {
  const stats = await stat(path, { bigint: true }).catch(() => null);
  return stats?.isFile() ? { bytes: Number(stats.size), identity: identityOf(stats) } : null;
}

async function expectIdentity(file: FileHandle, path: string, identity: string): Promise<void> {
  if (identityOf(await file.stat({ bigint: true })) !== identity) throw changed(path);
}

function identityOf(stats: { ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): string {
  return [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join('-');
}

function changed(path: string): Error {
  return new Error(`${path} changed while it was read`);
}

import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, type Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { UserError } from '../../user-error.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Containers that hold what we read, but must be opened first. */
const REFUSED = [
  { magic: '504b0304', name: 'a zip archive' },
  { magic: '425a68', name: 'a bzip2 file' },
  { magic: 'fd377a585a00', name: 'an xz file' },
];

/** A file's compression, told by its first bytes. @throws UserError naming the file: missing, unreadable, a folder. */
export async function compressionOf(path: string): Promise<Compression> {
  const magic = (await firstBytes(path, 6)).toString('hex');
  const refused = REFUSED.find((container) => magic.startsWith(container.magic));
  if (refused) throw new UserError(`${path}: it is ${refused.name}; unpack it first`);
  if (magic.startsWith('1f8b')) return 'gzip';
  return magic.startsWith('28b52ffd') ? 'zstd' : 'none';
}

/** The first bytes of a file, as they are on disk: fewer where the file is shorter. */
export async function firstBytes(path: string, length: number): Promise<Buffer> {
  try {
    if ((await stat(path)).isDirectory()) throw new UserError(`${path}: a folder, not a file`);
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(path, error);
  }
}

/**
 * A file's bytes, decompressed. It reads to the end of what is asked for and no further.
 * @throws UserError naming the file: missing, unreadable, cut-off or damaged compression.
 */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const compression = await compressionOf(path);
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  try {
    for await (const chunk of decompressed(file, compression)) yield chunk;
  } catch (error) {
    throw readError(path, error);
  } finally {
    file.destroy();
  }
}

function decompressed(file: Readable, compression: Compression): Readable {
  if (compression === 'gzip') return pipeline(file, createGunzip(), () => {});
  return compression === 'zstd' ? pipeline(file, createUnzstd(), () => {}) : file;
}

/** Node 20 has no zstd of its own. */
function createUnzstd(): Transform {
  const decompress = new Decompress();
  return new Transform({
    construct(done) {
      decompress.ondata = (chunk) => this.push(chunk);
      done();
    },
    transform(chunk: Uint8Array, _, done) {
      attempt(() => decompress.push(chunk), done);
    },
    flush(done) {
      attempt(() => decompress.push(new Uint8Array(0), true), done);
    },
  });
}

function attempt(work: () => void, done: (error?: Error) => void): void {
  try {
    work();
    done();
  } catch (error) {
    done(Object.assign(new Error('zstd', { cause: error }), { code: 'ZSTD' }));
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'no permission to read it',
  Z_BUF_ERROR: 'the gzip data is cut off',
  Z_DATA_ERROR: 'the gzip data is damaged',
  ZSTD: 'the zstd data is cut off or damaged',
};

function readError(path: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new UserError(`${path}: ${reason}`, { cause: error });
}

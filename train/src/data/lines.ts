import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from '../user-error.ts';

/** A line of a text file, without its line break; `number` counts from 1. */
export interface Line {
  readonly text: string;
  readonly number: number;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const GZIP_MAGIC = [0x1f, 0x8b];

/** Longer lines are no clickstream; reading on would fill the memory. */
const MAX_LINE_BYTES = 16 << 20;

/**
 * Reads a UTF-8 file line by line, gzipped or not (told by its first bytes).
 * @throws UserError naming the file, and the line where there is one: missing, unreadable, a folder, cut-off gzip,
 * not UTF-8, a line over 16 MiB.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const gzipped = await isGzip(path);
  const file = createReadStream(path);
  const source = gzipped ? pipeline(file, createGunzip(), () => {}) : file;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  let number = 0;
  let rest = Buffer.alloc(0);
  const decode = (bytes: Buffer): Line => {
    number++;
    const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
    try {
      return { text: decoder.decode(bytes.subarray(0, end)), number };
    } catch {
      throw new UserError(`${path}, line ${number}: not UTF-8 text`);
    }
  };
  try {
    for await (const chunk of source) {
      rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
      let start = 0;
      for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED, start)) {
        yield decode(rest.subarray(start, end));
        start = end + 1;
      }
      rest = rest.subarray(start);
      if (rest.length > MAX_LINE_BYTES)
        throw new UserError(`${path}, line ${number + 1}: longer than 16 MiB`);
    }
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(readFailure(path, error), { cause: error });
  } finally {
    file.destroy();
  }
  if (rest.length) yield decode(rest);
}

async function isGzip(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) throw new UserError(`${path}: a folder, not a file`);
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && GZIP_MAGIC.every((byte, i) => buffer[i] === byte);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(readFailure(path, error), { cause: error });
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'no permission to read it',
  Z_BUF_ERROR: 'the gzip data is cut off',
  Z_DATA_ERROR: 'the gzip data is damaged',
};

function readFailure(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return `${path}: ${REASONS[code] ?? (error instanceof Error ? error.message : String(error))}`;
}

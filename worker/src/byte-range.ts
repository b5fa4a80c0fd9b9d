import { ProblemError } from './problem.ts';
import type { ByteRange } from './store/store.ts';

/**
 * Reads a `Range` header over a file of `bytes` bytes, or undefined where the whole file is the answer: no header,
 * another unit, more than one range, or not a range at all, as RFC 9110 allows.
 *
 * @throws ProblemError `range-not-satisfiable` for a range that begins beyond the end.
 */
export function parseRange(header: string | undefined, bytes: number): ByteRange | undefined {
  const match = header === undefined ? null : /^bytes=\s*([0-9]*)-([0-9]*)\s*$/i.exec(header);
  if (!match) return undefined;
  const [first, last] = [match[1] ?? '', match[2] ?? ''];
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(first) > Number(last)) return undefined;
  const offset = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes : Math.min(Number(last) + 1, bytes);
  if (offset >= end) {
    const detail = `Range: "${header}" lies outside the file's ${bytes} bytes`;
    throw new ProblemError('range-not-satisfiable', detail, { 'Content-Range': `bytes */${bytes}` });
  }
  return { offset, length: end - offset };
}

/** The `Content-Range` of a part. */
export function contentRange({ offset, length }: ByteRange, bytes: number): string {
  return `bytes ${offset}-${offset + length - 1}/${bytes}`;
}

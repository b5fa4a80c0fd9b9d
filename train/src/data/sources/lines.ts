import { readBytes } from './bytes.ts';

/** A line of a text file, without its line break; `number` counts from 1. */
export interface Line {
  readonly text: string;
  readonly number: number;
  /** Why the line cannot be read as text; its `text` is then what can be shown of it. */
  readonly defect?: Defect;
}

export type Defect = 'encoding' | 'length';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Longer lines, in bytes, are no clickstream: they are bad, here as in DuckDB. */
export const MAX_LINE_BYTES = 2 << 20;

/**
 * Reads a UTF-8 file line by line, compressed or not. Lines that are no text, or too long, come with their defect.
 * @throws UserError naming the file, as {@link readBytes}.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const decoder = new LineDecoder();
  let begun: Buffer = Buffer.alloc(0);
  for await (const chunk of readBytes(path)) {
    const { lines, rest } = splitLines(begun.length ? Buffer.concat([begun, chunk]) : chunk);
    for (const line of lines) yield decoder.decode(line);
    // Of a line that is too long anyway, no more is kept than tells that it is.
    begun = rest.subarray(0, MAX_LINE_BYTES + 1);
  }
  if (begun.length) yield decoder.decode(begun);
}

/** The whole lines of some bytes, without their line breaks, and what follows the last break. */
export function splitLines(bytes: Buffer): { lines: Buffer[]; rest: Buffer } {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return { lines, rest: bytes.subarray(start) };
}

/** Turns the bytes of lines into text, counting them. */
export class LineDecoder {
  readonly #strict = new TextDecoder('utf-8', { fatal: true });
  readonly #loose = new TextDecoder('utf-8');
  #number = 0;

  decode(bytes: Buffer): Line {
    const number = ++this.#number;
    const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
    const line = bytes.subarray(0, end);
    if (line.length > MAX_LINE_BYTES) {
      return { text: this.#loose.decode(line.subarray(0, 200)), number, defect: 'length' };
    }
    try {
      return { text: this.#strict.decode(line), number };
    } catch {
      return { text: this.#loose.decode(line), number, defect: 'encoding' };
    }
  }
}

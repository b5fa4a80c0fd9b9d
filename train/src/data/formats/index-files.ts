import { access } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../user-error.ts';
import { type Line, readLines } from '../sources/lines.ts';
import type { FormatName } from './format.ts';

/** Fields as `numpy.savetxt` writes them, such as `5.526000000000000000e+03`. */
const NUMPY_FIELD = /^[+-]?\d+\.\d+e[+-]\d+$/;

/** Whether a file is to be read as rows of page numbers: as asked, by its name, or by its first line. */
export async function isIndexFile(path: string, format: FormatName | undefined): Promise<boolean> {
  if (format !== undefined) return format === 'index';
  if (await hasTargetsBeside(path)) return true;
  for await (const { text } of readLines(path)) if (text.trim() !== '') return isIndexLine(text);
  return false;
}

/** Whether a line is a row of a `numpy.savetxt` file. */
function isIndexLine(line: string): boolean {
  const fields = fieldsOf(line);
  return fields.length > 0 && fields.every((field) => NUMPY_FIELD.test(field));
}

/** Whether a file is named `…_x` and has its `…_y` beside it. */
async function hasTargetsBeside(path: string): Promise<boolean> {
  return (
    NAME.test(basename(path)) &&
    access(targetsPath(path)).then(
      () => true,
      () => false,
    )
  );
}

const NAME = /^(.*)_x(\..*)?$/;

/** The targets' file beside an `…_x` file. @throws UserError when the name is not of that form. */
function targetsPath(path: string): string {
  const name = basename(path);
  const match = NAME.exec(name);
  if (!match) throw new UserError(`${path}: an index file is named …_x, with its targets in …_y beside it`);
  return join(dirname(path), `${match[1]}_y${match[2] ?? ''}`);
}

/**
 * Reads the tutorial's form: a row of page indices in the `…_x` file, and the next page on the same line of the
 * `…_y` file. Each row becomes a session that ends with its target.
 * @throws UserError naming file and line: not a number, not a whole one, rows of unlike width, or files that do not fit.
 */
export async function readIndexFiles(path: string): Promise<string[][]> {
  const sessions: string[][] = [];
  for await (const line of readLines(path)) {
    if (line.text.trim() === '') continue;
    const row = parseRow(path, line);
    const width = sessions[0]?.length ?? row.length;
    if (row.length !== width) {
      throw new UserError(
        `${path}, line ${line.number}: ${row.length} pages, the rows before it have ${width}`,
      );
    }
    sessions.push(row);
  }
  const targets = targetsPath(path);
  let row = 0;
  for await (const line of readLines(targets)) {
    if (line.text.trim() === '') continue;
    const parsed = parseRow(targets, line);
    const [target] = parsed;
    if (target === undefined || parsed.length !== 1) {
      throw new UserError(
        `${targets}, line ${line.number}: one index is expected, there are ${parsed.length}`,
      );
    }
    sessions[row]?.push(target);
    row++;
  }
  if (row !== sessions.length) {
    throw new UserError(`${targets}: it has ${row} rows, ${basename(path)} has ${sessions.length}`);
  }
  return sessions;
}

function parseRow(path: string, { text, number }: Line): string[] {
  return fieldsOf(text).map((field) => {
    const index = Number(field);
    if (!Number.isSafeInteger(index) || index < 0) {
      throw new UserError(`${path}, line ${number}: "${field.slice(0, 40)}" is not a page index`);
    }
    return String(index);
  });
}

function fieldsOf(line: string): string[] {
  return line.trim().split(/\s+/).filter(Boolean);
}

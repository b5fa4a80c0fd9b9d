import { UserError } from '../../user-error.ts';
import { type Database, sqlText } from '../database.ts';
import { type Compression, compressionOf, firstBytes, readBytes } from './bytes.ts';
import { type Line, LineDecoder, MAX_LINE_BYTES, splitLines } from './lines.ts';
import { literalGlob } from './literal-glob.ts';

/** A file to read. */
export interface SourceFile {
  /** Where it is on this machine. */
  readonly path: string;
  /** How the user knows it: `s3://…` for what was fetched. */
  readonly name: string;
}

export interface ParquetColumn {
  readonly name: string;
  readonly type: string;
}

/** What the beginning of a file shows of it. */
export interface Sample extends SourceFile {
  readonly compression: Compression;
  /** A Parquet file's columns and their SQL types; undefined for text. */
  readonly parquet?: readonly ParquetColumn[];
  /** The first lines that are text and not blank; none of a Parquet file. */
  readonly lines: readonly Line[];
}

const SAMPLE_BYTES = 1 << 16;
const SAMPLE_LINES = 200;

/**
 * Looks at the beginning of a file. A compressed one is decompressed to its end, since DuckDB stops at a cut-off one
 * without a word.
 * @throws UserError naming the file: what {@link readBytes} throws, UTF-16, or no text at all.
 */
export async function takeSample({ path, name }: SourceFile, database: Database): Promise<Sample> {
  const compression = await compressionOf(path);
  if (compression === 'none' && (await firstBytes(path, 4)).toString('latin1') === 'PAR1') {
    return { path, name, compression, parquet: await describeParquet(path, name, database), lines: [] };
  }
  const { bytes, isWhole } = await beginning(path, compression);
  return { path, name, compression, lines: textLines(name, bytes, isWhole) };
}

async function describeParquet(path: string, name: string, database: Database): Promise<ParquetColumn[]> {
  const rows = await database
    .rows(`DESCRIBE SELECT * FROM read_parquet(${sqlText(literalGlob(path))})`)
    .catch((error: unknown) => {
      throw new UserError(`${name}: the Parquet data is cut off or damaged`, { cause: error });
    });
  return rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
}

/** The first bytes, at least one line of them. */
async function beginning(
  path: string,
  compression: Compression,
): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let kept = 0;
  let length = 0;
  let hasLine = false;
  for await (const chunk of readBytes(path)) {
    length += chunk.length;
    if (kept >= SAMPLE_BYTES && (hasLine || kept > MAX_LINE_BYTES)) {
      if (compression === 'none') break;
      continue;
    }
    chunks.push(chunk);
    kept += chunk.length;
    hasLine ||= chunk.includes('\n');
  }
  return { bytes: Buffer.concat(chunks), isWhole: kept === length };
}

function textLines(name: string, bytes: Buffer, isWhole: boolean): Line[] {
  if (['fffe', 'feff'].includes(bytes.subarray(0, 2).toString('hex'))) {
    throw new UserError(`${name}: it is UTF-16 text; convert it first (iconv -f utf-16 -t utf-8)`);
  }
  const decoder = new LineDecoder();
  const { lines, rest } = splitLines(bytes);
  const all = (isWhole && rest.length > 0 ? [...lines, rest] : lines).map((line) => decoder.decode(line));
  const isText = ({ text, defect }: Line) => !defect && !text.includes('\0');
  const filled = all.filter((line) => line.defect || line.text.trim() !== '');
  if (filled.length > 0 && !filled.some(isText)) {
    throw new UserError(`${name}: it is no UTF-8 text, and no Parquet file`);
  }
  return filled.filter(isText).slice(0, SAMPLE_LINES);
}

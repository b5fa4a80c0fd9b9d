import { sqlText } from '../database.ts';
import type { Layout } from '../formats/format.ts';
import type { Compression } from './bytes.ts';
import { MAX_LINE_BYTES } from './lines.ts';
import { literalGlob } from './literal-glob.ts';
import type { SourceFile } from './sample.ts';

/** Files that are read together: of one layout and one compression, in order. */
export interface Scan {
  readonly layout: Layout;
  readonly files: readonly SourceFile[];
  readonly compression: Compression;
  readonly isParquet: boolean;
}

/** What becomes of lines that are no text or too long: counted in `reject_errors`, or passed over. */
export type Rejects = 'store' | 'ignore';

/**
 * A scan as a table expression: (line VARCHAR) of text, or a Parquet file's columns; beside them `_line` (NULL of
 * Parquet), `_file` and `_number` (counts from 0; NULL of text).
 */
export function scanSql({ files, compression, isParquet }: Scan, rejects: Rejects): string {
  const paths = `[${files.map(({ path }) => sqlText(literalGlob(path))).join(', ')}]`;
  if (isParquet) {
    const source = `read_parquet(${paths}, filename = '_file', file_row_number = true)`;
    return `(SELECT *, NULL::VARCHAR AS _line, file_row_number AS _number FROM ${source})`;
  }
  // Every line is one field: the delimiter is a character that no text has, and there are no quotes. What DuckDB's own
  // quoting does with a broken quote is to lose the lines behind it without a word.
  const options = [
    "columns = {'line': 'VARCHAR'}, delim = chr(1114111), quote = '', escape = ''",
    'header = false, auto_detect = false, strict_mode = false',
    `max_line_size = ${MAX_LINE_BYTES}, compression = '${compression}', filename = '_file'`,
    rejects === 'store' ? 'store_rejects = true' : 'ignore_errors = true',
  ];
  const source = `read_csv(${paths}, ${options.join(', ')})`;
  // Blank lines are no data. Most lines begin with something greater than a blank: no more is looked at of them.
  return `(SELECT line, line AS _line, _file, NULL::BIGINT AS _number FROM ${source}
    WHERE line >= '!' OR trim(line, ' \t') <> '')`;
}

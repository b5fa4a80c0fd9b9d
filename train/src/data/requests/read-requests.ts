import type { Database } from '../database.ts';
import type { Layout } from '../formats/format.ts';
import type { DataOptions } from '../options.ts';
import { type BadLine, countBad } from '../report.ts';
import type { SourceFile } from '../sources/sample.ts';
import { findBadLines, refuseBadLines } from './bad-lines.ts';
import { checkPattern, pageMacros } from './pages.ts';
import { planScans } from './plan.ts';
import { type RowCounts, readRows } from './rows.ts';

/** The tables `pages` (id INTEGER, name VARCHAR) and `requests` (visitor, page, seconds, position) are made. */
export interface Requests {
  readonly layout: Layout;
  readonly counts: RowCounts;
  readonly badLines: readonly BadLine[];
}

/**
 * Reads files into the table of requests: `page` is the id of a named page, `position` the place of its line.
 * @throws UserError naming the file; BadLinesError when too many lines are bad.
 */
export async function readRequests(
  files: readonly SourceFile[],
  options: DataOptions,
  database: Database,
): Promise<Requests> {
  const { format, data } = options;
  await checkPattern(options.redact, database);
  const { scans, layout } = await planScans(files, { ...options, format }, database);
  const counts = await readRows(scans, database);
  const badLines = countBad({ rows: counts }) > 0 ? await findBadLines(scans, database) : [];
  refuseBadLines({ data, rows: counts, badLines }, options.maxBad);
  const name =
    (options.normalise ?? layout.isRequestLog)
      ? 'CASE WHEN is_url(target) THEN url_page(target) ELSE item_page(target) END'
      : 'item_page(target)';
  // Each target is named once, however many requests there are for it.
  await database.run(`${pageMacros(options)}
    CREATE TABLE named AS
      SELECT target, ${name} AS name FROM (SELECT DISTINCT target FROM rows WHERE verdict IS NULL);
    CREATE TABLE pages AS
      SELECT name, (row_number() OVER () - 1)::INTEGER AS id FROM (SELECT DISTINCT name FROM named);
    CREATE TABLE targets AS SELECT target, id FROM named JOIN pages USING (name);
    CREATE TABLE requests AS
      SELECT visitor, id AS page, seconds, rows.rowid AS position
      FROM rows JOIN targets USING (target) WHERE verdict IS NULL;
    DROP TABLE rows; DROP TABLE targets; DROP TABLE named`);
  return { layout, counts, badLines };
}

import { isbot } from 'isbot';
import { UserError } from '../../user-error.ts';
import { type Database, drawSalt, sqlText } from '../database.ts';
import { type Scan, scanSql } from '../sources/scan.ts';
import { TIME_MACROS } from './times.ts';
import { type Defect, isDefect, type Rule, VERDICT_TYPE } from './verdicts.ts';

/** How the rows of the data divide: `read` is all of them. */
export interface RowCounts {
  readonly read: number;
  readonly kept: number;
  readonly bad: Partial<Record<Defect, number>>;
  readonly dropped: Partial<Record<Rule, number>>;
}

/**
 * Reads the scans into the table `rows` (visitor BIGINT, target VARCHAR, seconds DOUBLE, verdict VERDICT), in line order.
 * Addresses and user agents are read to tell visitors and programs apart; only a salted hash of them is kept.
 * @throws UserError when a file is damaged within.
 */
export async function readRows(scans: readonly Scan[], database: Database): Promise<RowCounts> {
  await database.run(`${VERDICT_TYPE}; ${TIME_MACROS}
    CREATE MACRO unquoted(t) AS CASE WHEN starts_with(t, '"') THEN replace(t[2:-2], '""', '"') ELSE t END;
    SET VARIABLE salt = ${drawSalt()};
    CREATE TABLE bots (agent VARCHAR);
    CREATE TABLE rows (visitor BIGINT, target VARCHAR, seconds DOUBLE, verdict verdict)`);
  for (const [index, scan] of scans.entries()) {
    try {
      await findBots(scan, database);
      const query = scan.layout.rows(scanSql(scan, 'store'), index);
      await database.run(`INSERT INTO rows SELECT visitor, target, seconds, verdict FROM (${query})`);
    } catch (error) {
      throw damageOf(scan, error);
    }
  }
  return countRows(scans, database);
}

/** What DuckDB meets within a compressed or Parquet file, as a user's error; anything else stays as it is. */
function damageOf({ files }: Scan, error: unknown): unknown {
  if (!(error instanceof Error) || !/^(?:IO|Invalid Input) Error: /.test(error.message)) return error;
  const reason = error.message.split('\n')[0]?.replace(/^[\w ]+ Error: /, '') ?? '';
  const more = files.length > 1 ? ` or one of the ${files.length - 1} after it` : '';
  return new UserError(`${files[0]?.name}${more} is damaged: ${reason}`, { cause: error });
}

/** Puts the scan's user agents that are programs' into `bots`. Browsers always name themselves. */
async function findBots({ layout, ...scan }: Scan, database: Database): Promise<void> {
  if (!layout.agents) return;
  const agents = layout.agents(scanSql({ layout, ...scan }, 'ignore'));
  const query = `SELECT agent FROM (SELECT DISTINCT agent FROM (${agents})) WHERE agent NOT IN (SELECT agent FROM bots)`;
  const found: string[] = [];
  for await (const [column = []] of database.stream(query)) {
    for (const agent of column) {
      if (typeof agent === 'string' && (agent === '' || agent === '-' || isbot(agent))) found.push(agent);
    }
  }
  for (let start = 0; start < found.length; start += 1000) {
    const values = found.slice(start, start + 1000).map((agent) => `(${sqlText(agent)})`);
    await database.run(`INSERT INTO bots VALUES ${values.join(', ')}`);
  }
}

async function countRows(scans: readonly Scan[], database: Database): Promise<RowCounts> {
  const isLineSession = scans.some(({ layout }) => layout.isLineSession);
  const rows = await database.rows(
    `SELECT verdict, ${isLineSession ? 'count(DISTINCT visitor)' : 'count(*)'} AS n FROM rows GROUP BY verdict`,
  );
  const counts = new Map(rows.map(({ verdict, n }) => [verdict === null ? '' : String(verdict), Number(n)]));
  for (const [defect, n] of await countRejects(database)) counts.set(defect, n);
  const entries = [...counts].filter(([name, n]) => name !== '' && n > 0);
  return {
    read: [...counts.values()].reduce((sum, n) => sum + n, 0),
    kept: counts.get('') ?? 0,
    bad: Object.fromEntries(entries.filter(([name]) => isDefect(name))),
    dropped: Object.fromEntries(entries.filter(([name]) => !isDefect(name))),
  };
}

/** Lines that DuckDB could not take at all. */
async function countRejects(database: Database): Promise<Map<Defect, number>> {
  const [has] = await database.rows(
    "SELECT count(*) AS n FROM duckdb_tables() WHERE table_name = 'reject_errors'",
  );
  if (Number(has?.n) === 0) return new Map();
  const rows = await database.rows(
    `SELECT CASE WHEN error_type = 'LINE SIZE OVER MAXIMUM' THEN 'length' ELSE 'encoding' END AS defect, count(*) AS n
     FROM reject_errors GROUP BY defect`,
  );
  return new Map(rows.map(({ defect, n }) => [defect === 'length' ? 'length' : 'encoding', Number(n)]));
}

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import Table from 'cli-table3';
import { createRequests, type Request } from './requests.ts';
import { prepareSpark, type Spark, SparkMissingError } from './spark.ts';

/** `npm run check:spark`: the text of sessionise.sql gives the same sessions on Spark as on DuckDB. */

const SQL = resolve(import.meta.dirname, '../../train/src/data/sessions/sessionise.sql');
const SEED = 1;
const COLUMNS = 'session, started, step, page, seconds';
const TYPES = /^session BIGINT, started DOUBLE, step (INTEGER|BIGINT), page VARCHAR, seconds DOUBLE$/;

interface Settings {
  readonly title: string;
  readonly sessionGap: number;
  readonly foldRepeats: boolean;
  readonly minSupport: number;
  readonly minVisitors: number;
  readonly minLength: number;
}

const SETTINGS: readonly Settings[] = [
  { title: 'requests', sessionGap: 1800, foldRepeats: true, minSupport: 5, minVisitors: 5, minLength: 2 },
  {
    title: 'given sessions',
    sessionGap: 1e300,
    foldRepeats: false,
    minSupport: 1,
    minVisitors: 1,
    minLength: 2,
  },
  {
    title: 'repeats kept',
    sessionGap: 1800,
    foldRepeats: false,
    minSupport: 8,
    minVisitors: 5,
    minLength: 3,
  },
  { title: 'busy pages', sessionGap: 1800, foldRepeats: true, minSupport: 8, minVisitors: 5, minLength: 1 },
  { title: 'no silence', sessionGap: 0, foldRepeats: true, minSupport: 1, minVisitors: 1, minLength: 1 },
];

/** What the requests must hold for the comparison to mean something. */
const CASES = `
  SELECT
    count(*) AS "requests",
    count(DISTINCT visitor) AS "visitors",
    max(nth) AS "most of one visitor",
    count(*) FILTER (silence = 0) AS "equal seconds",
    count(*) FILTER (silence = 1800) AS "silences of 1800 s",
    count(*) FILTER (silence > 1800 AND silence < 1800.001) AS "silences just over",
    count(*) FILTER (page = previous AND silence <= 1800) AS "repeats within a visit",
    count(*) FILTER (page = previous AND silence > 1800) AS "repeats across visits"
  FROM (
    SELECT
      visitor, page, row_number() OVER by_time AS nth, lag(page) OVER by_time AS previous,
      seconds - lag(seconds) OVER by_time AS silence
    FROM requests WINDOW by_time AS (PARTITION BY visitor ORDER BY seconds, position)
  )`;

/** How the two engines compare under one setting. */
interface Comparison {
  readonly title: string;
  readonly rows: number;
  readonly onlySpark: number;
  readonly onlyDuckdb: number;
  readonly sparkSeconds: number;
  readonly duckdbSeconds: number;
  /** Some rows that one engine alone has, to be read. */
  readonly examples: readonly string[];
}

async function main(): Promise<boolean> {
  const spark = await prepareSpark();
  const folder = await mkdtemp(join(tmpdir(), 'pathcast-spark-'));
  try {
    return await check(spark, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function check(spark: Spark, folder: string): Promise<boolean> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  await writeRequests(connection, join(folder, 'requests.parquet'));
  await showCases(connection);

  const comparisons: Comparison[] = [];
  for (const settings of SETTINGS) {
    comparisons.push(await compare(spark, await database.connect(), settings, folder));
  }
  show(comparisons, spark.version);
  const refusals = await checkRefusals(spark, connection, folder);
  return comparisons.every(isSame) && refusals;
}

/** Writes the requests as Parquet and leaves them in the table `requests`. */
async function writeRequests(connection: DuckDBConnection, path: string): Promise<void> {
  await connection.run(
    'CREATE TABLE requests (visitor BIGINT, page VARCHAR, seconds DOUBLE, position BIGINT)',
  );
  await append(connection, createRequests(SEED));
  await connection.run(`COPY requests TO ${quoted(path)} (FORMAT parquet)`);
}

async function append(connection: DuckDBConnection, requests: readonly Request[]): Promise<void> {
  const appender = await connection.createAppender('requests');
  for (const { visitor, page, seconds, position } of requests) {
    appender.appendBigInt(visitor);
    appender.appendVarchar(page);
    appender.appendDouble(seconds);
    appender.appendBigInt(position);
    appender.endRow();
  }
  appender.closeSync();
}

/** Prints how often each nasty case occurs. @throws Error when one never does. */
async function showCases(connection: DuckDBConnection): Promise<void> {
  const [cases = {}] = (await connection.runAndReadAll(CASES)).getRowObjects();
  const counts = Object.entries(cases).map(([name, count]) => ({ name, count: Number(count) }));
  for (const { name, count } of counts) console.log(`${count.toLocaleString('en').padStart(9)} ${name}`);
  const missing = counts.find(({ count }) => count === 0);
  if (missing) throw new Error(`the requests hold no ${missing.name}`);
}

async function compare(
  spark: Spark,
  connection: DuckDBConnection,
  settings: Settings,
  folder: string,
): Promise<Comparison> {
  const sparkSeconds = await runSpark(spark, settings, folder);
  const duckdbSeconds = await runDuckdb(connection, settings);
  const files = quoted(join(folder, settings.title, '*.parquet'));
  await connection.run(
    `CREATE TEMPORARY TABLE spark_sessions AS SELECT ${COLUMNS} FROM read_parquet(${files})`,
  );
  await checkTypes(connection);
  await connection.run(`
    CREATE TEMPORARY TABLE only_spark AS FROM spark_sessions EXCEPT ALL SELECT ${COLUMNS} FROM sessions;
    CREATE TEMPORARY TABLE only_duckdb AS SELECT ${COLUMNS} FROM sessions EXCEPT ALL FROM spark_sessions`);
  const comparison = {
    title: settings.title,
    rows: await count(connection, 'sessions'),
    onlySpark: await count(connection, 'only_spark'),
    onlyDuckdb: await count(connection, 'only_duckdb'),
    sparkSeconds,
    duckdbSeconds,
    examples: [...(await examples(connection, 'only_spark')), ...(await examples(connection, 'only_duckdb'))],
  };
  connection.closeSync(); // Its temporary tables go with it.
  return comparison;
}

/** Writes the sessions to a folder named for the settings. @returns the seconds it took. */
async function runSpark(spark: Spark, settings: Settings, folder: string): Promise<number> {
  const args = sessioniseArguments('requests.parquet', settings.title, settings);
  const { exitCode, output, seconds } = await spark.sessionise(args, folder);
  if (exitCode !== 0) throw new Error(`spark-submit ended with exit code ${exitCode}\n${output}`);
  return seconds;
}

function sessioniseArguments(requests: string, out: string, settings?: Settings): string[] {
  const args = ['--requests', requests, '--out', out];
  if (!settings) return args;
  args.push('--session-gap', String(settings.sessionGap / 60)); // which takes minutes
  args.push(settings.foldRepeats ? '--fold-repeats' : '--no-fold-repeats');
  args.push('--min-support', String(settings.minSupport), '--min-visitors', String(settings.minVisitors));
  return [...args, '--min-length', String(settings.minLength)];
}

/** Leaves the sessions in the temporary table `sessions`. @returns the seconds it took. */
async function runDuckdb(connection: DuckDBConnection, settings: Settings): Promise<number> {
  await connection.run(`
    CREATE TEMPORARY TABLE settings AS SELECT
      CAST(${settings.sessionGap} AS DOUBLE) AS session_gap, ${settings.foldRepeats} AS fold_repeats,
      ${settings.minSupport} AS min_support, ${settings.minVisitors} AS min_visitors,
      ${settings.minLength} AS min_length`);
  const text = await readFile(SQL, 'utf8');
  const startMs = performance.now();
  await connection.run(text.replaceAll('TEMPORARY VIEW', 'TEMPORARY TABLE'));
  return (performance.now() - startMs) / 1000;
}

/** EXCEPT casts, so that a wrong type would pass for a right one. */
async function checkTypes(connection: DuckDBConnection): Promise<void> {
  const described = await connection.runAndReadAll(
    "SELECT string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE spark_sessions)",
  );
  const types = String(described.getRows()[0]?.[0]);
  if (!TYPES.test(types)) throw new Error(`Spark wrote columns of other types: ${types}`);
}

async function count(connection: DuckDBConnection, table: string): Promise<number> {
  const result = await connection.runAndReadAll(`SELECT count(*) FROM ${table}`);
  return Number(result.getRows()[0]?.[0]);
}

async function examples(connection: DuckDBConnection, table: string): Promise<string[]> {
  const result = await connection.runAndReadAll(`FROM ${table} ORDER BY session, step LIMIT 3`);
  return result.getRowObjectsJson().map((row) => `${table}: ${JSON.stringify(row)}`);
}

function isSame({ rows, onlySpark, onlyDuckdb }: Comparison): boolean {
  return rows > 0 && onlySpark === 0 && onlyDuckdb === 0;
}

function show(comparisons: readonly Comparison[], version: string): void {
  const head = ['settings', 'rows', 'only Spark', 'only DuckDB', `Spark ${version}`, 'DuckDB', 'same'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of comparisons) {
    const counts = [row.rows, row.onlySpark, row.onlyDuckdb].map((figure) => figure.toLocaleString('en'));
    const times = [row.sparkSeconds, row.duckdbSeconds].map((seconds) => `${seconds.toFixed(1)} s`);
    table.push([row.title, ...counts, ...times, isSame(row) ? 'yes' : 'NO']);
  }
  console.log(table.toString());
  for (const { title, examples } of comparisons) {
    for (const example of examples) console.log(`${title}, ${example}`);
  }
}

/** Whether sessionise.py refuses what it must, by one sentence and exit code 2. */
async function checkRefusals(spark: Spark, connection: DuckDBConnection, folder: string): Promise<boolean> {
  const untyped = quoted(join(folder, 'untyped.parquet'));
  await connection.run(`COPY (SELECT * REPLACE (visitor::VARCHAR AS visitor) FROM requests) TO ${untyped}`);
  const existing = SETTINGS[0]?.title ?? '';
  const cases = [
    { requests: 'requests.parquet', out: existing, sentence: `${existing} exists already` },
    { requests: 'untyped.parquet', out: 'none', sentence: 'column `visitor` is string, not bigint' },
    { requests: 'missing.parquet', out: 'none', sentence: 'missing.parquet does not exist' },
  ];
  let holds = true;
  for (const { requests, out, sentence } of cases) {
    const { exitCode, output } = await spark.sessionise(sessioniseArguments(requests, out), folder);
    const refused = exitCode === 2 && output.includes('sessionise.py: ') && output.includes(sentence);
    console.log(refused ? `refused: ${sentence}` : `NOT refused: ${sentence}\n${output}`);
    holds &&= refused;
  }
  return holds;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof SparkMissingError ? error.message : error);
  process.exitCode = 1;
}

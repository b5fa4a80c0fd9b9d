import { UserError } from '../user-error.ts';
import { type Database, numberOf, openDatabase, sqlText } from './database.ts';
import type { Dataset } from './dataset.ts';
import { isIndexFile, readIndexFiles } from './formats/index-files.ts';
import type { DataOptions } from './options.ts';
import { type Requests, readRequests } from './requests/read-requests.ts';
import { CUT, collectSessions, OWN } from './sessions/collect.ts';
import { keepsSessions, sortSessions } from './sessions/own-sessions.ts';
import { type SessionLosses, sessionise } from './sessions/sessionise.ts';
import { Sessions } from './sessions/sessions.ts';
import { settingsFor } from './sessions/settings.ts';
import { describeSessions } from './sessions/summarise.ts';
import { findFiles } from './sources/find-files.ts';
import type { SourceFile } from './sources/sample.ts';

/**
 * Reads data of any shape into sessions: recognises it, leaves out what is no page view, names pages, and cuts visits
 * where the data names none.
 *
 * It works out of core, in the memory that the options allow; what does not fit spills to disk, without addresses, user
 * agents or user ids, and is gone at the end.
 * @throws UserError naming the file, and the line where there is one; BadLinesError when too many lines are bad.
 */
export async function readDataset(options: DataOptions): Promise<Dataset> {
  return inDatabase(options, async (database) => {
    const files = await findFiles(options.data, database);
    const index = await indexFile(files, options);
    if (index) return readIndex(options, index.path);
    const requests = await readRequests(files, options, database);
    const settings = settingsFor(requests.layout, options);
    const isOwn = keepsSessions(settings);
    const losses = await (isOwn ? sortSessions : sessionise)(database, settings);
    const sessions = await collectSessions(database, isOwn ? OWN : CUT, requests.layout.hasTimes);
    return toDataset(options, sessions, { ...requests, files: files.length }, losses);
  });
}

/** What `sessionise.sql` starts from, and what it ends in. */
export const STAGES = ['requests', 'sessions'] as const;

/**
 * Writes data as Parquet: the requests (visitor BIGINT, page VARCHAR, seconds DOUBLE, position BIGINT), for a cluster to
 * cut, or the sessions (session BIGINT, started DOUBLE, step BIGINT, page VARCHAR, seconds DOUBLE).
 * @returns how many rows there are.
 * @throws UserError as {@link readDataset}.
 */
export async function writeStage(
  options: DataOptions,
  stage: (typeof STAGES)[number],
  path: string,
): Promise<number> {
  return inDatabase(options, async (database) => {
    const files = await findFiles(options.data, database);
    if (await indexFile(files, options))
      throw new UserError(`${options.data}: index files are sessions already; there is nothing to prepare`);
    const { layout } = await readRequests(files, options, database);
    if (stage === 'sessions') await sessionise(database, settingsFor(layout, options));
    const query =
      stage === 'requests'
        ? 'SELECT visitor, name AS page, seconds, position FROM requests JOIN pages ON id = page ORDER BY position'
        : 'SELECT session, started, step, name AS page, seconds FROM sessions JOIN pages ON id = page ORDER BY started, session, step';
    await database.run(`COPY (${query}) TO ${sqlText(path)} (FORMAT parquet)`);
    return numberOf(database, `SELECT count(*) FROM ${stage}`);
  });
}

async function inDatabase<T>(options: DataOptions, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(options);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** The one file, where it is an index file. */
async function indexFile(
  files: readonly SourceFile[],
  { format }: DataOptions,
): Promise<SourceFile | undefined> {
  const [file] = files;
  return file && files.length === 1 && (await isIndexFile(file.path, format)) ? file : undefined;
}

/** Index files are small, and strict: each row has its target. */
async function readIndex(options: DataOptions, path: string): Promise<Dataset> {
  const rows = await readIndexFiles(path);
  const layout = {
    format: 'index',
    description: 'rows of page numbers with their targets beside them',
  } as const;
  const counts = { read: rows.length, kept: rows.length, bad: {}, dropped: {} };
  const read = {
    layout: { ...layout, hasSessions: true, isRequestLog: false },
    counts,
    badLines: [],
    files: 1,
  };
  return toDataset(options, Sessions.of(rows), read, {
    repeats: 0,
    rarePages: 0,
    rareEvents: 0,
    shortVisits: 0,
  });
}

function toDataset(
  options: DataOptions,
  sessions: Sessions,
  {
    layout,
    counts,
    badLines,
    files,
  }: Pick<Requests, 'counts' | 'badLines'> & {
    layout: Pick<Requests['layout'], 'format' | 'description' | 'hasSessions' | 'isRequestLog'>;
    files: number;
  },
  losses: SessionLosses,
): Dataset {
  if (sessions.length === 0)
    throw new UserError(
      `${options.data}: no session of two pages or more to learn from; ${whyNone(counts.kept, losses)}`,
    );
  const { format, description } = layout;
  const summary = describeSessions(sessions, settingsFor(layout, options), losses);
  const report = { data: options.data, format, description, files, rows: counts, badLines, ...summary };
  return { format, sessions, report };
}

function whyNone(kept: number, { shortVisits, rarePages }: SessionLosses): string {
  if (kept === 0) return 'it holds no page view';
  const sessions =
    shortVisits === 1
      ? 'its one session has one page'
      : `its ${shortVisits.toLocaleString('en')} sessions have one page each`;
  if (rarePages === 0) return sessions;
  const rare = rarePages.toLocaleString('en');
  return `${sessions} or none, once ${rare} rare pages are left out (--min-support, --min-visitors)`;
}

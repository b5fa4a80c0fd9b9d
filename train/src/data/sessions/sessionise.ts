import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, numberOf } from '../database.ts';

/** How requests become sessions. */
export interface SessionSettings {
  /** s of silence that end a visit; Infinity where the data names its sessions. */
  readonly sessionGap: number;
  /** Whether a page asked for again at once counts once. */
  readonly foldRepeats: boolean;
  /** Requests that a page needs. */
  readonly minSupport: number;
  /** Visits that must have seen a page. */
  readonly minVisitors: number;
  /** Pages that a session needs. */
  readonly minLength: number;
}

/** Further apart than any two times, and a number in Spark too. */
const NO_GAP = 1e300;

/** What was left out on the way to sessions. */
export interface SessionLosses {
  /** Requests for the page just seen, folded. */
  readonly repeats: number;
  /** Pages below the support, and their requests. */
  readonly rarePages: number;
  readonly rareEvents: number;
  /** Visits left out as too short. */
  readonly shortVisits: number;
}

/**
 * Cuts the table `requests` into the tables `visits`, `support` and `sessions`, as `sessionise.sql` says.
 * `requests` is dropped as soon as it is used up.
 */
export async function sessionise(database: Database, settings: SessionSettings): Promise<SessionLosses> {
  const { sessionGap, foldRepeats, minSupport, minVisitors, minLength } = settings;
  await database.run(
    `CREATE TABLE settings AS SELECT ${Math.min(sessionGap, NO_GAP)}::DOUBLE AS session_gap, ${foldRepeats} AS fold_repeats,
      ${minSupport} AS min_support, ${minVisitors} AS min_visitors, ${minLength} AS min_length`,
  );
  const text = await readFile(SESSIONISE, 'utf8');
  // Kept as tables, the stages are computed once and can be counted.
  const [visits = '', ...rest] = text
    .replace(/--.*/g, '')
    .replaceAll('TEMPORARY VIEW', 'TEMPORARY TABLE')
    .split(';');
  await database.run(visits);
  const requests = await numberOf(database, 'SELECT count(*) FROM requests');
  await database.run('DROP TABLE requests');
  for (const statement of rest) if (statement.trim() !== '') await database.run(statement);
  const rare = `FROM support WHERE requests < ${minSupport} OR visits < ${minVisitors}`;
  return {
    repeats: requests - (await numberOf(database, 'SELECT count(*) FROM visits')),
    rarePages: await numberOf(database, `SELECT count(*) ${rare}`),
    rareEvents: await numberOf(database, `SELECT coalesce(sum(requests), 0) ${rare}`),
    shortVisits:
      (await numberOf(database, 'SELECT coalesce(sum(opens), 0) FROM visits')) -
      (await numberOf(database, 'SELECT count(*) FROM sessions WHERE step = 1')),
  };
}

/** The text that Spark runs too. */
const SESSIONISE = join(import.meta.dirname, 'sessionise.sql');

import { type Database, numberOf } from '../database.ts';
import type { SessionLosses, SessionSettings } from './sessionise.ts';

/** Whether the settings leave data that names its sessions as it is: then there is nothing to cut, only to sort. */
export function keepsSessions(settings: SessionSettings): boolean {
  const { sessionGap, foldRepeats, minSupport, minVisitors } = settings;
  return sessionGap === Number.POSITIVE_INFINITY && !foldRepeats && minSupport <= 1 && minVisitors <= 1;
}

/**
 * Makes the view `ordered` (page, session INTEGER, seconds, position) and the table `starts` (session, started, length) of
 * `requests`, whose visitors are sessions: the same sessions as `sessionise.sql` makes, in half of its time.
 */
export async function sortSessions(
  database: Database,
  { minLength }: SessionSettings,
): Promise<SessionLosses> {
  await database.run(`
    CREATE TABLE firsts AS
      SELECT visitor, min(seconds) AS started, arg_min(position, {'seconds': seconds, 'position': position}) AS first,
        count(*) AS length
      FROM requests GROUP BY visitor;
    CREATE TABLE starts AS
      SELECT visitor, started, length, (row_number() OVER (ORDER BY started, first))::INTEGER AS session
      FROM firsts WHERE length >= ${minLength};
    CREATE VIEW ordered AS
      SELECT page, session, seconds, position FROM requests JOIN starts USING (visitor)`);
  const short = await numberOf(database, `SELECT count(*) FROM firsts WHERE length < ${minLength}`);
  return { repeats: 0, rarePages: 0, rareEvents: 0, shortVisits: short };
}

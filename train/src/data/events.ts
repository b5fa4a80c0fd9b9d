import { UserError } from '../user-error.ts';
import type { Line } from './lines.ts';

/** The usual names of an event table's columns, lower-case. */
const COLUMNS = {
  session: ['sessionid', 'session_id', 'session', 'visitid', 'visit_id'],
  page: ['itemid', 'item_id', 'item', 'page', 'path', 'url', 'page_path'],
  time: ['time', 'timestamp', 'ts', 'event_time', 'timeframe'],
} as const;

/** Columns of tables that are not ours yet; with one of these a first line is a header, not a session. */
const OTHER_COLUMNS = [
  'user',
  'userid',
  'user_id',
  'visitor',
  'visitorid',
  'visitor_id',
  'date',
  'event',
  'category',
];

interface EventHeader {
  readonly delimiter: string;
  readonly session: number;
  readonly page: number;
  readonly time: number;
}

/** Whether a line of several fields names a column that tables of events usually have. */
export function namesAColumn(line: string): boolean {
  const known: readonly string[] = [...Object.values(COLUMNS).flat(), ...OTHER_COLUMNS];
  const fields = line.split(/[\t,;]/).map((name) => name.trim().toLowerCase());
  return fields.length > 1 && fields.some((field) => known.includes(field));
}

/** Recognises the header of an event table, or gives undefined. */
export function parseEventHeader(line: string): EventHeader | undefined {
  for (const delimiter of ['\t', ',', ';']) {
    const names = line.split(delimiter).map((name) => name.trim().toLowerCase());
    const find = (known: readonly string[]) => names.findIndex((name) => known.includes(name));
    const header = { session: find(COLUMNS.session), page: find(COLUMNS.page), time: find(COLUMNS.time) };
    if (Object.values(header).every((column) => column >= 0)) return { delimiter, ...header };
  }
  return undefined;
}

/**
 * Puts an event table together to sessions: events by time within a session, sessions by their first event.
 * @throws UserError naming file and line when a field is missing or a time is neither seconds nor a date.
 */
export async function readEvents(path: string, lines: AsyncIterable<Line>): Promise<string[][]> {
  const sessions = new Map<string, { time: number; page: string }[]>();
  let header: EventHeader | undefined;
  for await (const { text, number } of lines) {
    if (text.trim() === '') continue;
    if (!header) {
      header = parseEventHeader(text);
      if (!header)
        throw new UserError(`${path}, line ${number}: no header with session, item and time columns`);
      continue;
    }
    const fields = text.split(header.delimiter);
    const session = fields[header.session]?.trim();
    const page = fields[header.page]?.trim();
    const time = parseTime(fields[header.time]?.trim() ?? '');
    if (!session) throw new UserError(`${path}, line ${number}: the session is missing`);
    if (!page) throw new UserError(`${path}, line ${number}: the item is missing`);
    if (page.includes('\r')) throw new UserError(`${path}, line ${number}: the item holds a line break`);
    if (!Number.isFinite(time)) {
      throw new UserError(`${path}, line ${number}: the time is neither a number of seconds nor a date`);
    }
    const events = sessions.get(session);
    if (events) events.push({ time, page });
    else sessions.set(session, [{ time, page }]);
  }
  const timed = [...sessions.values()];
  for (const events of timed) events.sort((a, b) => a.time - b.time);
  timed.sort((a, b) => (a[0]?.time ?? 0) - (b[0]?.time ?? 0));
  return timed.map((events) => events.map(({ page }) => page));
}

/** Seconds, or the milliseconds of a date as seconds; NaN when it is neither. */
function parseTime(text: string): number {
  if (text === '') return Number.NaN;
  const seconds = Number(text);
  return Number.isNaN(seconds) ? Date.parse(text) / 1000 : seconds;
}

import { UserError } from '../user-error.ts';
import { createDataset, type Dataset, type Format } from './dataset.ts';
import { namesAColumn, parseEventHeader, readEvents } from './events.ts';
import { hasTargetsBeside, isIndexLine, readIndexFiles } from './index-files.ts';
import { type Line, readLines } from './lines.ts';

/**
 * Reads a file of sessions, its format told by its first line unless it is given: a header with session, item and time
 * is an event table; numbers as `numpy.savetxt` writes them, or an `…_x` file with its `…_y` beside it, an index file; else
 * a line is a session of pages separated by white space, unless it is plainly something else.
 *
 * @throws UserError naming the file, and the line where there is one.
 */
export async function readDataset(path: string, format?: Format): Promise<Dataset> {
  const recognised = format ?? (await recognise(path));
  const sessions = await READERS[recognised](path, readLines(path));
  return createDataset(recognised, path, sessions);
}

const READERS: Record<Format, (path: string, lines: AsyncIterable<Line>) => Promise<string[][]>> = {
  events: readEvents,
  sessions: readSessions,
  index: readIndexFiles,
};

/** @throws UserError for what is plainly something else: its fields must not be taken for pages, and published. */
async function recognise(path: string): Promise<Format> {
  if (await hasTargetsBeside(path)) return 'index';
  for await (const { text } of readLines(path)) {
    if (text.trim() === '') continue;
    if (parseEventHeader(text)) return 'events';
    if (isIndexLine(text)) return 'index';
    if (namesAColumn(text)) {
      const hint = 'name its columns session, item and time, or insist with --format sessions';
      throw new UserError(`${path}: it looks like a table without all the columns of events; ${hint}`);
    }
    const other = OTHER_FORMATS.find(({ pattern }) => pattern.test(text));
    if (other) throw new UserError(`${path}: it looks like ${other.name}; ${NOT_READ}`);
    return 'sessions';
  }
  return 'sessions';
}

const NOT_READ = 'that is not read yet: bring sessions or an event table, or insist with --format sessions';

/** What people have that is neither sessions nor an event table, by a first line. */
const OTHER_FORMATS = [
  { name: 'an access log', pattern: /\[[^\]]+\] "[A-Z]+ |^\S+ \S+ \S+ \[/ },
  { name: 'JSON', pattern: /^\s*[[{]/ },
  { name: 'SPMF sequences', pattern: /(?:^|\s)-1\s.*-2\s*$/ },
];

async function readSessions(_path: string, lines: AsyncIterable<Line>): Promise<string[][]> {
  const sessions: string[][] = [];
  for await (const { text } of lines) {
    const pages = text.trim().split(/\s+/).filter(Boolean);
    if (pages.length > 0) sessions.push(pages);
  }
  return sessions;
}

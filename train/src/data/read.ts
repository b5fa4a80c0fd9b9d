import { createDataset, type Dataset, type Format } from './dataset.ts';
import { parseEventHeader, readEvents } from './events.ts';
import { isIndexLine, readIndexFiles } from './index-files.ts';
import { type Line, readLines } from './lines.ts';

/**
 * Reads a file of sessions, its format told by its first line unless it is given: a header with session, item and time
 * is an event table; numbers as `numpy.savetxt` writes them are an index file; else a line is a session of pages
 * separated by white space.
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

async function recognise(path: string): Promise<Format> {
  for await (const { text } of readLines(path)) {
    if (text.trim() === '') continue;
    if (parseEventHeader(text)) return 'events';
    return isIndexLine(text) ? 'index' : 'sessions';
  }
  return 'sessions';
}

async function readSessions(_path: string, lines: AsyncIterable<Line>): Promise<string[][]> {
  const sessions: string[][] = [];
  for await (const { text } of lines) {
    const pages = text.trim().split(/\s+/).filter(Boolean);
    if (pages.length > 0) sessions.push(pages);
  }
  return sessions;
}

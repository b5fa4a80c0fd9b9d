import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isbot } from 'isbot';

/** The two shapes that it knows: an event table with sessions, and a combined log. */
export type Shape = 'csv' | 'log';

export interface InNode {
  readonly sessions: string[][];
  /** Lines by what became of them: kept, or why not. */
  readonly lines: Record<string, number>;
}

/**
 * What `readDataset` does, written the usual way: Node streams, a Map and arrays, all in memory. It is an oracle for the
 * sessions, and what the bench holds DuckDB against.
 */
export async function sessionsInNode(path: string, shape: Shape): Promise<InNode> {
  const parse = shape === 'csv' ? csvParser() : logParser();
  const nameOf = memoised(shape === 'csv' ? itemPage : urlPage);
  const visitors = new Map<string, Event[]>();
  const lines: Record<string, number> = {};
  let position = 0;
  const input = createReadStream(path, { highWaterMark: 1 << 20 });
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const parsed = line.includes('\ufffd') ? 'encoding' : parse(line);
    if (parsed === undefined) continue;
    const verdict = typeof parsed === 'string' ? parsed : 'kept';
    lines[verdict] = (lines[verdict] ?? 0) + 1;
    if (typeof parsed === 'string') continue;
    const event = { page: nameOf(parsed.target), seconds: parsed.seconds, position: position++ };
    const events = visitors.get(parsed.visitor);
    if (events) events.push(event);
    else visitors.set(parsed.visitor, [event]);
  }
  const visits = [...visitors.values()].flatMap((events) => {
    events.sort(inOrder);
    return shape === 'csv' ? [events] : cut(events);
  });
  const kept = (shape === 'csv' ? visits : withoutRare(visits)).filter((visit) => visit.length > 1);
  kept.sort((a, b) => inOrder(first(a), first(b)));
  return { sessions: kept.map((visit) => visit.map(({ page }) => page)), lines };
}

interface Event {
  readonly page: string;
  readonly seconds: number;
  readonly position: number;
}

/** A page view, why a line is none, or undefined for lines that do not count. */
type Parsed = { visitor: string; target: string; seconds: number } | string | undefined;

const inOrder = (a: Event, b: Event) => a.seconds - b.seconds || a.position - b.position;

function first(visit: readonly Event[]): Event {
  const [event] = visit;
  if (!event) throw new Error('a visit has an event');
  return event;
}

function memoised<Value>(work: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    let value = known.get(text);
    if (value === undefined) {
      value = work(text);
      known.set(text, value);
    }
    return value;
  };
}

function csvParser(): (line: string) => Parsed {
  let columns = 0;
  return (line) => {
    if (line.trim() === '') return undefined;
    const fields = splitCsv(line);
    if (columns === 0) {
      columns = fields.length;
      return undefined;
    }
    const [visitor = '', target = '', time = ''] = fields;
    if (fields.length !== columns) return 'shape';
    if (visitor === '') return 'session';
    if (target === '') return 'page';
    const seconds = NUMBER.test(time) ? inSeconds(Number(time)) : Number.NaN;
    return Number.isFinite(seconds) ? { visitor, target, seconds } : 'time';
  };
}

function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map(trimmed);
  const ended = `${line},`;
  const matches = [...ended.matchAll(/("(?:[^"]|"")*"|[^",][^,]*|),/gy)];
  if (matches.reduce((sum, [match]) => sum + match.length, 0) !== ended.length) return [];
  return matches.map(([, field = '']) =>
    trimmed(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field),
  );
}

const trimmed = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, '');

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function inSeconds(time: number): number {
  if (time >= 1e17) return time / 1e9;
  if (time >= 1e14) return time / 1e6;
  return time >= 1e11 ? time / 1e3 : time;
}

/** Cuts a line at its quotes, but for escaped ones; within the pieces those are `'`, and escaped backslashes `/`. */
function atQuotes(line: string): string[] {
  if (!line.includes('\\')) return line.split('"');
  const pieces = [''];
  for (const [token] of line.matchAll(/\\\\|\\"|"|[^"\\]+|\\/g)) {
    if (token === '"') pieces.push('');
    else pieces.push(`${pieces.pop()}${token === '\\\\' ? '/' : token === '\\"' ? "'" : token}`);
  }
  return pieces;
}

const HEAD = /^([^ []+) [^[]*\[([^[]*)\] $/;
const FEED =
  /^[^?#]*(?:\/(?:feed|rss|atom)\/?|\.(?:rss|atom|rdf|xml))(?:[?#]|$)|[?&](?:flav=(?:rss|atom)|feed=|format=feed)/i;
const ASSET = /^[^?#]*\.(?:css|js|json|png|jpe?g|gif|webp|svg|ico|woff2?|pdf|zip|gz|txt|jar|mp4)(?:[?#]|$)/i;

function logParser(): (line: string) => Parsed {
  const isBot = memoised((agent) => agent === '' || agent === '-' || isbot(agent));
  return (line) => {
    if (line.trim() === '') return undefined;
    const [head = '', request = '', answer = '', , , agent = '', ...rest] = atQuotes(line);
    const status = /^ ([1-5]\d\d) /.exec(answer)?.[1];
    if (rest.length % 2 !== 1 || status === undefined || !head.endsWith('] ')) return 'shape';
    if (head.startsWith(' ')) return 'session';
    if (status.startsWith('3') && status !== '304') return 'redirect';
    if (!status.startsWith('2') && status !== '304') return 'error';
    if (!request.startsWith('GET ')) return 'method';
    if (isBot(agent)) return 'bot';
    const [, target = ''] = request.split(' ', 2);
    if (target === '') return 'page';
    if (FEED.test(target)) return 'feed';
    if (ASSET.test(target)) return 'asset';
    const [, address = '', time = ''] = HEAD.exec(head) ?? [];
    const seconds = clfSeconds(time);
    return Number.isFinite(seconds) ? { visitor: `${address} ${agent}`, target, seconds } : 'time';
  };
}

/** `03/Mar/2026:10:00:00 +0100` in s. */
function clfSeconds(time: string): number {
  const [, day, month, year, clock, zone] =
    /^([ \d]\d)\/(\w{3})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})$/.exec(time) ?? [];
  return Date.parse(`${day} ${month} ${year} ${clock} ${zone}`) / 1000;
}

const EMAIL = /[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/gi;
const TOKEN = /^(?:[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=.*\d)[a-z0-9]{20,})$/i;

function urlPage(target: string): string {
  const [path = ''] = target.replace(/^[a-z][\w+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  const plain = path
    .replace(/;(?:jsessionid|phpsessid|sid)=[^/]*/gi, '')
    .replace(/\/+/g, '/')
    .replace(/(?:\/(?:index|default)\.(?:x?html?|php\d?|aspx?|jsp))+$/i, '/')
    .replace(/^\/|\/$/g, '');
  return redacted(`/${plain}`);
}

function itemPage(item: string): string {
  return item.startsWith('/') ? redacted(item) : item.replace(EMAIL, '*');
}

function redacted(path: string): string {
  const segments = path.split('/').map((segment) => (TOKEN.test(segment) ? '*' : segment));
  return segments.join('/').replace(EMAIL, '*');
}

/** Visits end after 30 minutes of silence; pages asked for again at once count once. */
function cut(events: readonly Event[]): Event[][] {
  const visits: Event[][] = [];
  let previous: Event | undefined;
  for (const event of events) {
    const isNew = previous === undefined || event.seconds - previous.seconds > 1800;
    if (isNew) visits.push([event]);
    else if (previous?.page !== event.page) visits.at(-1)?.push(event);
    previous = event;
  }
  return visits;
}

/** Leaves out pages of fewer than 5 requests or 5 visits, and what then repeats. */
function withoutRare(visits: readonly (readonly Event[])[]): Event[][] {
  const requests = new Map<string, number>();
  const visitsOf = new Map<string, number>();
  for (const visit of visits) {
    for (const { page } of visit) requests.set(page, (requests.get(page) ?? 0) + 1);
    for (const page of new Set(visit.map((event) => event.page)))
      visitsOf.set(page, (visitsOf.get(page) ?? 0) + 1);
  }
  const isKept = ({ page }: Event) => (requests.get(page) ?? 0) >= 5 && (visitsOf.get(page) ?? 0) >= 5;
  return visits.map((visit) => {
    const kept = visit.filter(isKept);
    return kept.filter((event, i) => event.page !== kept[i - 1]?.page);
  });
}

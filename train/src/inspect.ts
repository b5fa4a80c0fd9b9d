import Table from 'cli-table3';
import { z } from 'zod';
import { describeBad, describeLosses, readable } from './cli/describe-data.ts';
import { showReading } from './cli/show-reading.ts';
import { dataOptions } from './data/options.ts';
import { readDataset } from './data/read.ts';
import type { DataReport } from './data/report.ts';

export const inspectOptions = z.strictObject({
  ...dataOptions,
  json: z.boolean().default(false).describe('print the report as JSON'),
});

/** `npm run train -- inspect`: shows what data holds and what training would make of it. */
export async function inspect({ json, ...options }: z.infer<typeof inspectOptions>): Promise<void> {
  const { report } = await showReading(options.data, () => readDataset(options));
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : showReport(report));
}

function showReport(report: DataReport): string {
  const { description, format, files, sessions, span } = report;
  const head = [
    `  data      ${report.data}${files > 1 ? `, ${readable(files)} files` : ''}`,
    `  format    ${format}: ${description}`,
    ...describeBad(report).map((line, i) => `  ${i === 0 ? 'bad ' : '    '}      ${line}`),
    ...(span ? [`  span      ${shortTime(span.from)} to ${shortTime(span.to)}, UTC`] : []),
  ];
  const parts = [
    head.join('\n'),
    lineTable(report),
    sessionTable(report),
    `  ${readable(sessions.count)} sessions, ${readable(sessions.events)} events, ${readable(sessions.pages)} pages`,
    lengthChart(report),
    topTable(report),
  ];
  return `${parts.join('\n\n')}\n`;
}

function lineTable(report: DataReport): string {
  const { read, kept } = report.rows;
  const rows = describeLosses(report).map(({ name, meaning, count }) => [name, readable(count), meaning]);
  return table(['lines', '', ''], [['read', readable(read), ''], ...rows, ['kept', readable(kept), '']]);
}

/** What became of the kept ones; what did not happen is not shown. */
function sessionTable({ settings, sessions }: DataReport): string {
  const { sessionGap, minSupport, minVisitors, minLength } = settings;
  const cut = sessionGap === null ? 'the data’s own' : `end after ${sessionGap} minutes of silence`;
  const rare = `views of ${readable(sessions.rarePages)} pages with fewer than ${minSupport} views or ${minVisitors} sessions`;
  const losses: [name: string, count: number, meaning: string][] = [
    ['repeats', sessions.repeats, 'pages asked for again at once: folded'],
    ['rare', sessions.rareEvents, rare],
    ['short', sessions.shortVisits, `visits of fewer than ${minLength} pages`],
  ];
  return table(
    ['sessions', '', ''],
    [
      ['visits', readable(sessions.count + sessions.shortVisits), cut],
      ...losses
        .filter(([, count]) => count > 0)
        .map(([name, count, meaning]) => [name, readable(count), meaning]),
    ],
  );
}

/** How wide the longest bar is, in characters. */
const BAR = 40;

function lengthChart({ lengths }: DataReport): string {
  const last = lengths.findLastIndex(({ sessions }) => sessions > 0);
  const shown = lengths.slice(0, last + 1);
  const most = Math.max(...shown.map(({ sessions }) => sessions));
  const width = readable(most).length;
  const bars = shown.map(({ from, to, sessions }) => {
    const range = to === from ? String(from) : to === null ? `${from} and more` : `${from}–${to}`;
    const bar = '█'.repeat(Math.round((sessions / most) * BAR)) || (sessions > 0 ? '▏' : '');
    return `  ${range.padStart(12)}  ${readable(sessions).padStart(width)}  ${bar}`;
  });
  return ['  pages a session', ...bars].join('\n');
}

function topTable({ topPages }: DataReport): string {
  return table(
    ['most visited', 'views'],
    topPages.map(({ page, events }) => [page.length > 60 ? `${page.slice(0, 59)}…` : page, readable(events)]),
  );
}

function table(head: string[], rows: string[][]): string {
  const made = new Table({
    head,
    colAligns: ['left', 'right', 'left'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  made.push(...rows);
  return made.toString().replace(/^/gm, '  ');
}

/** `2015-05-17 10:05:18` */
function shortTime(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}

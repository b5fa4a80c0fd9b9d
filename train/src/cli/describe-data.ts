import { countBad, type DataReport } from '../data/report.ts';
import { describeBadLines } from '../data/requests/bad-lines.ts';
import { DEFECTS, RULES } from '../data/requests/verdicts.ts';

/** A count as it is read: 12,345. */
export const readable = (count: number) => count.toLocaleString('en');

/** What the data held, in a few lines: as a training run begins. */
export function describeData(report: DataReport): string {
  const { sessions, rows } = report;
  const lines = [
    `${report.format}: ${readable(sessions.count)} sessions, ${readable(sessions.events)} events, ${readable(sessions.pages)} pages`,
  ];
  const dropped = Object.values(rows.dropped).reduce((sum, count) => sum + count, 0);
  if (dropped > 0) lines.push(`${readable(rows.kept)} of ${readable(rows.read)} lines are page views`);
  if (sessions.rarePages > 0)
    lines.push(
      `${readable(sessions.rarePages)} rare pages left out, ${readable(sessions.rareEvents)} views of them`,
    );
  if (sessions.shortVisits > 0) lines.push(`${readable(sessions.shortVisits)} sessions of one page left out`);
  return [...lines, ...describeBad(report)]
    .map((line, i) => `  ${i === 0 ? 'data' : '    '}      ${line}`)
    .join('\n');
}

/** How many lines are bad, and the first of them; nothing where none is. */
export function describeBad(report: DataReport): string[] {
  const bad = countBad(report);
  if (bad === 0) return [];
  return [
    bad === 1
      ? 'one line cannot be read and is left out'
      : `${readable(bad)} lines cannot be read and are left out`,
    ...describeBadLines(report.badLines, report.data),
  ];
}

/** Each reason for leaving lines out, what it means, and how often it applied; most first. */
export function describeLosses({ rows }: DataReport): { name: string; meaning: string; count: number }[] {
  const bad = Object.entries(rows.bad).map(([name, count]) => ({
    name,
    meaning: `bad: ${meaningOf(DEFECTS, name)}`,
    count,
  }));
  const dropped = Object.entries(rows.dropped).map(([name, count]) => ({
    name,
    meaning: meaningOf(RULES, name),
    count,
  }));
  return [...dropped, ...bad].sort((a, b) => b.count - a.count);
}

function meaningOf(meanings: Readonly<Record<string, string>>, name: string): string {
  return meanings[name] ?? name;
}

import { UserError } from '../../user-error.ts';
import type { Database } from '../database.ts';
import { type BadLine, countBad, type DataReport } from '../report.ts';
import { readLines } from '../sources/lines.ts';
import { type Scan, scanSql } from '../sources/scan.ts';
import { maskVisitors } from './mask.ts';
import { DEFECTS, type Defect, isDefect } from './verdicts.ts';

/** How many bad lines are shown. */
const SHOWN = 3;

/** Data of which too many lines are bad: exit code 2. */
export class BadLinesError extends UserError {
  override readonly name = 'BadLinesError';
  override readonly exitCode = 2;
}

/** @throws BadLinesError when more than `maxBad` percent of the lines read are bad. */
export function refuseBadLines(report: Pick<DataReport, 'data' | 'rows' | 'badLines'>, maxBad: number): void {
  const bad = countBad(report);
  const { read } = report.rows;
  if (bad <= (maxBad / 100) * read) return;
  const share = ((bad / read) * 100).toPrecision(2);
  const head = `${report.data}: ${bad.toLocaleString('en')} of ${read.toLocaleString('en')} lines cannot be read (${Number(share)} %, more than --max-bad ${maxBad})`;
  throw new BadLinesError([head, ...describeBadLines(report.badLines, report.data)].join('\n'));
}

/** A line of text for each bad line; the file is named where it is not the data itself. */
export function describeBadLines(lines: readonly BadLine[], data: string): string[] {
  return lines.map(({ file, number, defect, text }) => {
    const where = [file === data ? '' : file, number === undefined ? '' : `line ${number}`]
      .filter(Boolean)
      .join(', ');
    return `  ${where || 'a line'}: ${DEFECTS[defect]}: ${text}`;
  });
}

/** Finds the first bad lines again: DuckDB counted them, but does not number lines. */
export async function findBadLines(scans: readonly Scan[], database: Database): Promise<BadLine[]> {
  const found: BadLine[] = [];
  for (const [index, scan] of scans.entries()) {
    if (found.length >= SHOWN) break;
    found.push(...(await badLinesOf(scan, index, database)));
  }
  return found.slice(0, SHOWN);
}

async function badLinesOf(scan: Scan, index: number, database: Database): Promise<BadLine[]> {
  const defects = Object.keys(DEFECTS).map((defect) => `'${defect}'`);
  const rows = await database.rows(
    `SELECT _line, _file, _number, verdict FROM (${scan.layout.rows(scanSql(scan, 'ignore'), index)})
     WHERE verdict IN (${defects.join(', ')}) LIMIT ${SHOWN}`,
  );
  const nameOf = (path: unknown) => scan.files.find((file) => file.path === path)?.name ?? String(path);
  if (scan.isParquet) {
    return rows.map(({ _file, _number, verdict }) => ({
      file: nameOf(_file),
      number: Number(_number) + 1,
      defect: toDefect(verdict),
      text: 'a row of Parquet',
    }));
  }
  const rejected = await rejectedFiles(scan, database);
  const found: BadLine[] = [];
  for (const { path, name } of scan.files) {
    const texts = new Map(
      rows
        .filter(({ _file }) => _file === path)
        .map(({ _line, verdict }) => [String(_line), toDefect(verdict)]),
    );
    if (texts.size === 0 && !rejected.has(path)) continue;
    const lines = await locate(path, name, texts, SHOWN - found.length);
    const hide = (text: string) => scan.layout.hide?.(text) ?? text;
    found.push(...lines.map((line) => ({ ...line, text: maskVisitors(hide(line.text)) })));
    if (found.length >= SHOWN) break;
  }
  return found;
}

/** Goes through a file for lines of some texts, and for such as are no text at all. */
async function locate(
  path: string,
  name: string,
  texts: Map<string, Defect>,
  most: number,
): Promise<BadLine[]> {
  const found: BadLine[] = [];
  for await (const { text, number, defect } of readLines(path)) {
    const bad = defect ?? texts.get(text);
    if (bad === undefined) continue;
    found.push({ file: name, number, defect: bad, text });
    if (found.length >= most) break;
  }
  return found;
}

async function rejectedFiles(scan: Scan, database: Database): Promise<Set<string>> {
  const rows = await database.rows(
    'SELECT DISTINCT file_path FROM reject_scans JOIN reject_errors USING (scan_id, file_id)',
  );
  const paths = new Set(rows.map(({ file_path }) => String(file_path)));
  return new Set(scan.files.map(({ path }) => path).filter((path) => paths.has(path)));
}

function toDefect(verdict: unknown): Defect {
  const name = String(verdict);
  if (!isDefect(name)) throw new Error(`${name} is no defect of a line`);
  return name;
}

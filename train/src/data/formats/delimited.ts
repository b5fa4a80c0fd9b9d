import { UserError } from '../../user-error.ts';
import { sqlText } from '../database.ts';
import { secondsOf } from '../requests/times.ts';
import type { Sample } from '../sources/sample.ts';
import type { Layout, Shape } from './format.ts';
import { namesAColumn } from './roles.ts';
import { type Access, placedColumns, tableLayout, wholeColumns } from './table.ts';

/**
 * Delimited text, its columns named by its first line or by place.
 * @returns undefined where nothing speaks for a table.
 * @throws UserError when it is asked for, or looks like one, but lacks columns.
 */
export function delimitedLayout(sample: Sample, shape: Shape): Layout | undefined {
  const [header] = sample.lines;
  if (!header) return undefined;
  const byPlace = Object.values(shape.columns ?? {}).every((name) => /^[1-9]\d*$/.test(name));
  const isPlaced = shape.columns !== undefined && byPlace;
  for (const delimiter of DELIMITERS.keys()) {
    const fields = splitFields(header.text, delimiter);
    if (fields.length < 2) continue;
    const names = isPlaced ? fields.map((_, i) => String(i + 1)) : fields.map((name) => name.trim());
    const isAsked = Object.values(shape.columns ?? {}).some((name) => names.includes(name));
    if (!isAsked && !namesAColumn(names)) continue;
    const columns = isPlaced ? placedColumns(sample, names, shape) : wholeColumns(sample, names, shape);
    return tableLayout(delimitedAccess(delimiter, names, isPlaced ? undefined : header.text), columns, shape);
  }
  if (shape.format !== 'events' && shape.columns === undefined) return undefined;
  throw new UserError(
    `${sample.name}, line ${header.number}: no header with session, page and time columns; name them with --columns, by place where there is no header (--columns session=1,page=2,time=3)`,
  );
}

function delimitedAccess(delimiter: string, names: readonly string[], header: string | undefined): Access {
  const split = sqlText(delimiter);
  const field = fieldPattern(delimiter);
  const ended = `line || ${split}`;
  const blanks = delimiter === '\t' ? [' '] : [' ', '\t'];
  const hasBlanks = blanks.map((blank) => `contains(line, ${sqlText(blank)})`).join(' OR ');
  const clean = (list: string) =>
    `list_transform(${list}, t -> trim(unquoted(t), ${sqlText(blanks.join(''))}))`;
  // Most lines have neither quotes nor blanks, and are split as they are.
  const fields = `CASE
    WHEN contains(line, '"') THEN CASE WHEN regexp_full_match(${ended}, ${sqlText(`(?:${field})+`)})
      THEN ${clean(`regexp_extract_all(${ended}, ${sqlText(field)}, 1)`)} END
    WHEN ${hasBlanks} THEN ${clean(`string_split(line, ${split})`)}
    ELSE string_split(line, ${split}) END`;
  const text = (name: string) => `f[${names.indexOf(name) + 1}]`;
  const rows = header === undefined ? '' : ` WHERE line <> ${sqlText(header)}`;
  return {
    format: 'events',
    kind: `table with ${DELIMITERS.get(delimiter)}`,
    from: (scan) => `(SELECT _line, _file, _number, ${fields} AS f FROM ${scan}${rows})`,
    isWhole: `len(f) = ${names.length}`,
    mayBreak: false,
    text,
    without: (line, hidden) =>
      line
        .split(delimiter)
        .map((value, i) => (hidden.includes(names[i] ?? '') ? '…' : value))
        .join(delimiter),
    seconds: (name) => secondsOf(text(name)),
  };
}

const DELIMITERS = new Map([
  ['\t', 'tabs'],
  [',', 'commas'],
  [';', 'semicolons'],
  ['|', 'bars'],
]);

/** A field in quotes, in which quotes are doubled, or one that does not begin with a quote; and its delimiter. */
function fieldPattern(delimiter: string): string {
  const one = delimiter === '|' ? '\\|' : delimiter;
  return `("(?:[^"]|"")*"|[^"${delimiter}][^${delimiter}]*|)${one}`;
}

/** Splits a header as its rows will be split. */
function splitFields(text: string, delimiter: string): string[] {
  const pattern = new RegExp(fieldPattern(delimiter), 'gy');
  return [...`${text}${delimiter}`.matchAll(pattern)].map(([, field = '']) =>
    field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field,
  );
}

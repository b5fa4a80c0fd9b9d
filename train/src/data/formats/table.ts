import { UserError } from '../../user-error.ts';
import { sqlText } from '../database.ts';
import type { Sample } from '../sources/sample.ts';
import { secondsOf, secondsOfColumn } from '../times.ts';
import { type Format, type FormatName, type Layout, MOST, type Shape, shareOf } from './format.ts';
import { jsonPaths, parseObject } from './json.ts';
import { selectRows, urlOf } from './requests.ts';
import {
  type Columns,
  describeColumns,
  guessColumns,
  lacksOf,
  namesAColumn,
  type Role,
  settleColumns,
} from './roles.ts';

/** Event tables: delimited text with a header (or columns by place), JSON lines and Parquet. */
export const events: Format = {
  name: 'events',
  recognise(sample, shape) {
    if (sample.parquet) return parquetLayout(sample, sample.parquet, shape);
    if (shareOf(sample, (text) => parseObject(text) !== undefined) >= MOST) return jsonLayout(sample, shape);
    return delimitedLayout(sample, shape);
  },
};

/** Cloudflare Logpush's HTTP requests: JSON lines under names of its own. */
export const logpush: Format = {
  name: 'logpush',
  recognise(sample, shape) {
    const [first] = sample.lines;
    const isLogpush = first && /"(ClientRequest|Edge(Start|Response))\w+"/.test(first.text);
    return isLogpush ? jsonLayout(sample, shape, 'logpush') : undefined;
  },
};

/** How a table's parts are had: where from, and each column's value as text. */
interface Access {
  readonly format: FormatName;
  readonly kind: string;
  readonly from: (scan: string) => string;
  readonly isWhole: string;
  /** Whether a value may hold a line break. */
  readonly mayBreak: boolean;
  /** VARCHAR expression of a column. */
  readonly text: (name: string) => string;
  /** DOUBLE expression of the time column, in s. */
  readonly seconds: (name: string) => string;
}

function tableLayout(access: Access, columns: Columns, { keepHost = false }: Shape): Layout {
  const part = (role: Role) => (columns[role] === undefined ? undefined : access.text(columns[role]));
  const hasSessions = columns.session !== undefined;
  const agent = part('agent');
  const agentText = agent && `coalesce(${agent}, '')`;
  const key = hasSessions
    ? [part('session') ?? '']
    : [part('visitor') ?? '', ...(agentText ? [agentText] : [])];
  const order = part('order');
  const status = part('status');
  const method = part('method');
  const host = part('host');
  const page = part('page') ?? '';
  const isLog =
    !hasSessions && [columns.agent, columns.method, columns.status].some((name) => name !== undefined);
  return {
    format: access.format,
    description: `${access.kind}: ${describeColumns(columns)}`,
    hasSessions,
    isRequestLog: !hasSessions,
    hasTimes: columns.time !== undefined,
    isLineSession: false,
    rows: (scan) =>
      selectRows({
        from: order ? inOrder(access.from(scan), order, key) : access.from(scan),
        isWhole: access.isWhole,
        mayBreak: access.mayBreak,
        key,
        page: host && keepHost ? urlOf(host, page) : page,
        seconds: columns.time === undefined ? undefined : access.seconds(columns.time),
        ...(isLog
          ? {
              isGet: method && `upper(${method}) = 'GET'`,
              status: status && `try_cast(${status} AS INTEGER)`,
              agent: agentText,
              purpose: part('purpose'),
              contentType: part('type'),
            }
          : {}),
      }),
    ...(isLog && agentText
      ? { agents: (scan: string) => `SELECT ${agentText} AS agent FROM ${access.from(scan)}` }
      : {}),
  };
}

/** Rows in an order of their own, for tables that are in none: a cluster writes them as it pleases. */
function inOrder(from: string, order: string, key: readonly string[]): string {
  return `(SELECT * FROM ${from} ORDER BY try_cast(${order} AS DOUBLE), ${key.map((part) => `try_cast(${part} AS BIGINT), ${part}`).join(', ')})`;
}

function parquetLayout(sample: Sample, table: NonNullable<Sample['parquet']>, shape: Shape): Layout {
  const names = table.map(({ name }) => name);
  const columns = wholeColumns(sample, names, shape);
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const type = (name: string) => table.find((column) => column.name === name)?.type ?? '';
  return tableLayout(
    {
      format: 'events',
      kind: 'Parquet',
      from: (scan) => scan,
      isWhole: 'true',
      mayBreak: true,
      text: (name) => `${quoted(name)}::VARCHAR`,
      seconds: (name) => secondsOfColumn(quoted(name), type(name)),
    },
    columns,
    shape,
  );
}

function jsonLayout(sample: Sample, shape: Shape, format: FormatName = 'events'): Layout {
  const paths = jsonPaths(sample.lines.map(({ text }) => text));
  const columns = wholeColumns(sample, [...paths.keys()], shape);
  const used = Object.values(columns);
  const list = used.map((name) => sqlText(paths.get(name) ?? '')).join(', ');
  const text = (name: string) => `trim(f[${used.indexOf(name) + 1}])`;
  return tableLayout(
    {
      format,
      kind: format === 'logpush' ? 'Cloudflare Logpush' : 'JSON lines',
      from: (scan) =>
        `(SELECT _line, _file, _number, CASE WHEN json_valid(line) THEN json_extract_string(line, [${list}]) END AS f FROM ${scan})`,
      isWhole: 'f IS NOT NULL',
      mayBreak: true,
      text,
      seconds: (name) => secondsOf(text(name)),
    },
    columns,
    shape,
  );
}

function delimitedLayout(sample: Sample, shape: Shape): Layout | undefined {
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

function placedColumns(sample: Sample, names: readonly string[], shape: Shape): Columns {
  const columns = shape.columns ?? {};
  settleColumns(sample.name, names, columns);
  return refuseLacks(sample, names, columns);
}

/** @throws UserError naming what the table lacks, and how to name its columns. */
function wholeColumns(sample: Sample, names: readonly string[], shape: Shape): Columns {
  return refuseLacks(
    sample,
    names,
    shape.columns ? settleColumns(sample.name, names, shape.columns) : guessColumns(names),
  );
}

function refuseLacks(sample: Sample, names: readonly string[], columns: Columns): Columns {
  const lacks = lacksOf(columns);
  if (lacks === undefined) return columns;
  throw new UserError(
    `${sample.name}: it looks like a table, but has no ${lacks} column; name them with --columns session=…,page=…,time=… (its columns: ${names.join(', ')})`,
  );
}

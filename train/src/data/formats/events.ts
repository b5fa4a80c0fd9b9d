import { sqlText } from '../database.ts';
import { secondsOf, secondsOfColumn } from '../requests/times.ts';
import type { Sample } from '../sources/sample.ts';
import { delimitedLayout } from './delimited.ts';
import { type Format, type FormatName, type Layout, MOST, type Shape, shareOf } from './format.ts';
import { jsonPaths, parseObject, withoutFields } from './json.ts';
import { tableLayout, wholeColumns } from './table.ts';

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
      without: withoutFields,
      seconds: (name) => secondsOf(text(name)),
    },
    columns,
    shape,
  );
}

import { type Format, type FormatName, type Layout, MOST, shareOf } from './format.ts';

/** A line is a session of pages, oldest first, separated by white space. */
export const sessions: Format = {
  name: 'sessions',
  recognise(sample, { format }) {
    // Who asks for it by name knows the data.
    const isPlain = format === 'sessions' || shareOf(sample, isSession) >= MOST;
    if (sample.parquet || !isPlain) return undefined;
    return sequenceLayout('sessions', 'a session a line', {
      pages: "list_filter(regexp_split_to_array(line, '\\s+'), p -> p <> '')",
      isWhole: 'true',
    });
  },
};

/** SPMF's sequences: items, `-1` after each set of them, `-2` at the end. Its lines of `@`, `#` and `%` are no data. */
export const spmf: Format = {
  name: 'spmf',
  recognise(sample) {
    const data = { ...sample, lines: sample.lines.filter(({ text }) => !/^[@#%]/.test(text)) };
    if (sample.parquet || shareOf(data, (text) => /(?:^|\s)-1\s+-2\s*$/.test(text.slice(-40))) < MOST)
      return undefined;
    return sequenceLayout('spmf', 'SPMF sequences', {
      // Sequences with times have each as <n> before its set.
      pages:
        "list_filter(regexp_split_to_array(line, '\\s+'), p -> p NOT IN ('', '-1', '-2') AND NOT regexp_full_match(p, '<\\d+>'))",
      isWhole: "regexp_matches(line, '(?:^|\\s)-2\\s*$')",
      where: "NOT regexp_matches(line, '^[@#%]')",
    });
  },
};

function sequenceLayout(
  format: FormatName,
  description: string,
  { pages, isWhole, where = 'true' }: { pages: string; isWhole: string; where?: string },
): Layout {
  return {
    format,
    description,
    hasSessions: true,
    isRequestLog: false,
    hasTimes: false,
    isLineSession: true,
    rows: (scan, index) => `
      SELECT _line, _file, _number, number AS visitor, unnest(pages) AS target, 0.0::DOUBLE AS seconds, verdict
      FROM (
        SELECT _line, _file, _number, ${index}::BIGINT << 40 | row_number() OVER () AS number,
          CASE WHEN ${isWhole} THEN ${pages} ELSE [NULL] END AS pages,
          CASE WHEN NOT (${isWhole}) THEN 'shape'::verdict END AS verdict
        FROM ${scan} WHERE ${where})`,
  };
}

/**
 * Whether a line can be taken for pages. Words with what visitors leave in logs of unknown shapes, such as addresses and
 * times, are none: taken for pages, they would be published.
 */
function isSession(text: string): boolean {
  // Some of the patterns take time in the square of a word's length; what a line is, its beginning shows.
  const beginning = text.slice(0, 2000);
  return !NO_PAGES.some((pattern) => pattern.test(beginning));
}

const NO_PAGES = [
  /(?:^|[\s"'[(,;=])(?:\d{1,3}\.){3}\d{1,3}(?:$|[\s"'\]),;:])/, // IPv4
  /(?:^|\s)(?:(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}|[0-9a-f:]*::[0-9a-f:]*)(?:$|\s)/i, // IPv6
  /\b\d{1,2}:\d{2}:\d{2}\b|\b\d{4}-\d{2}-\d{2}(?!\d)/, // times and dates
  /[\w.+-]+@[\w-]+\.[a-z]/i, // e-mail
  /^\s*[[{<"']|[\]}>]\s*$/, // JSON, markup, quoted tables
  /"[A-Z]+ \//, // a request line
];

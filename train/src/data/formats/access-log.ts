import { type Format, type Layout, MOST, shareOf } from './format.ts';
import { selectRows, urlOf } from './select-rows.ts';

/** `host ident user [time] "request" status bytes`, with a virtual host before it or not. */
const LINE = /^(\S+:\d+ )?\S+ \S+ .*?\[[^\]]+\] "(?:[^"\\]|\\.)*" \d{3} (?:\d+|-)/;

const TIME_FORMAT = '%d/%b/%Y:%H:%M:%S %z] ';

/** Apache's and nginx's common and combined logs; quoted fields after the user agent may hold `Sec-Purpose`. */
export const accessLog: Format = {
  name: 'access-log',
  recognise(sample, { keepHost = false }) {
    if (shareOf(sample, (text) => LINE.test(text)) < MOST) return undefined;
    const matches = sample.lines.map(({ text }) => LINE.exec(text)).filter((match) => match !== null);
    const withHost = matches.filter((match) => match[1] !== undefined).length > matches.length / 2;
    const hasPieces = (least: number) =>
      shareOf(sample, (text) => unescaped(text).split('"').length >= least) > 0.5;
    return layout({ withHost, keepHost, isCombined: hasPieces(7), hasMore: hasPieces(9) });
  },
};

function layout(shape: Record<'withHost' | 'keepHost' | 'isCombined' | 'hasMore', boolean>): Layout {
  const { withHost, keepHost, isCombined, hasMore } = shape;
  const target = "split_part(request, ' ', 2)";
  const agent = isCombined ? "coalesce(f[6], '')" : undefined;
  const words = [isCombined ? 'combined log' : 'common log'];
  if (withHost) words.push('with the virtual host before it');
  if (hasMore) words.push('with more fields after the user agent');
  return {
    format: 'access-log',
    description: words.join(' '),
    hasSessions: false,
    isRequestLog: true,
    hasTimes: true,
    isLineSession: false,
    hide: hideVisitor,
    rows: (scan) =>
      selectRows({
        from: `(SELECT *, f[1] AS head, f[2] AS request, try_cast(substr(f[3], 2, 3) AS INTEGER) AS status_code FROM ${fields(scan)})`,
        isWhole: `len(f) ${isCombined ? '>= 7 AND len(f) % 2 = 1' : '= 3'} AND ends_with(head, '] ') AND regexp_matches(f[3], '^ [1-5]\\d\\d ')`,
        isKeyless: "starts_with(head, ' ')",
        key: [`split_part(head, ' ', ${withHost ? 2 : 1})`, ...(agent ? [agent] : [])],
        page: withHost && keepHost ? urlOf("split_part(head, ' ', 1)", target) : target,
        seconds: `epoch(try_strptime(split_part(head, '[', 2), '${TIME_FORMAT}'))`,
        isGet: "starts_with(request, 'GET ')",
        status: 'status_code',
        agent,
        purpose: hasMore ? "array_to_string(f[8:], ' ')" : undefined,
      }),
    ...(agent ? { agents: (scan: string) => `SELECT ${agent} AS agent FROM ${fields(scan)}` } : {}),
  };
}

/** Hides what comes before the time (address, user) and every quoted field but the request (referrer, agent, more). */
function hideVisitor(text: string): string {
  return text
    .replace(/^[^["]*(?=\[)/, (head) => head.replace(/\S+/g, (word) => (word === '-' ? word : '…')))
    .replace(/"(?:[^"\\]|\\.)*"?/g, (field) => (/^"[A-Z]+ \//.test(field) ? field : '…'));
}

/** Lines cut at their quotes. Servers write a quote within a field as `\"`: it becomes another character first. */
function fields(scan: string): string {
  const plain = `CASE WHEN contains(line, '\\') THEN replace(replace(line, '\\\\', '/'), '\\"', '''') ELSE line END`;
  return `(SELECT _line, _file, _number, string_split(${plain}, '"') AS f FROM ${scan})`;
}

function unescaped(text: string): string {
  return text.replace(/\\\\/g, '/').replace(/\\"/g, "'");
}

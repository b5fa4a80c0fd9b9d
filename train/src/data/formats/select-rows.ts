import { ASSET_PATTERN, FEED_PATTERN } from '../requests/rules.ts';

/** A row's parts as SQL expressions over a table expression; what the data does not have is left out. */
export interface RowParts {
  readonly from: string;
  /** BOOLEAN: whether the line is of the format at all. */
  readonly isWhole: string;
  /** VARCHARs that together name the session, or the visitor where there are no sessions; NULL or empty is missing. */
  readonly key: readonly string[];
  /** BOOLEAN: whether the key is missing, where that can be told with less than looking at it. */
  readonly isKeyless?: string;
  readonly page: string;
  /** Whether a page may hold a line break: those of a line cannot. */
  readonly mayBreak?: boolean;
  /** DOUBLE, NULL where it cannot be read. Data without times leaves it out: the order of lines stands for it. */
  readonly seconds?: string | undefined;
  /** BOOLEAN: whether the method is GET; methods are in upper case. */
  readonly isGet?: string | undefined;
  /** INTEGER */
  readonly status?: string | undefined;
  readonly agent?: string | undefined;
  /** The request's `Sec-Purpose`, where logged. */
  readonly purpose?: string | undefined;
  readonly contentType?: string | undefined;
  /** Verdicts of the format's own, before all rules: [BOOLEAN, verdict]. */
  readonly ownRules?: readonly (readonly [condition: string, verdict: string])[];
}

/** The query of a layout's rows: each line's parts, and the first rule that leaves it out. */
export function selectRows(parts: RowParts): string {
  const {
    from,
    isWhole,
    key,
    isKeyless,
    page,
    mayBreak = false,
    seconds = '0.0',
    isGet,
    status,
    agent,
    purpose,
    contentType,
  } = parts;
  const rules: [condition: string | undefined, verdict: string][] = [
    [`NOT coalesce(${isWhole}, false)`, 'shape'],
    ...(parts.ownRules ?? []).map(([condition, verdict]): [string, string] => [condition, verdict]),
    [isKeyless ?? `${key[0]} IS NULL OR ${key[0]} = ''`, 'session'],
    [status && `${status} BETWEEN 300 AND 399 AND ${status} <> 304`, 'redirect'],
    [status && `NOT (${status} BETWEEN 200 AND 299 OR ${status} = 304)`, 'error'],
    [isGet && `NOT ${isGet}`, 'method'],
    [agent && `${agent} IN (SELECT agent FROM bots)`, 'bot'],
    [purpose && `regexp_matches(${purpose}, '(?i)\\b(prefetch|prerender)\\b')`, 'prefetch'],
    [
      `page IS NULL OR page = ''${mayBreak ? ' OR contains(page, chr(10)) OR contains(page, chr(13))' : ''}`,
      'page',
    ],
    [contentType && `${contentType} <> '' AND NOT starts_with(lower(${contentType}), 'text/html')`, 'asset'],
  ];
  const isLog = isGet !== undefined || status !== undefined || agent !== undefined;
  if (isLog) {
    rules.push([`regexp_matches(page, ${FEED_PATTERN})`, 'feed']);
    rules.push([`contains(page, '.') AND regexp_matches(page, ${ASSET_PATTERN})`, 'asset']);
  }
  const cases = rules.flatMap(([condition, verdict]) =>
    condition ? [`WHEN ${condition} THEN '${verdict}'::verdict`] : [],
  );
  // Times and visitors are worked out for the rows that stay alone.
  return `
    SELECT _line, _file, _number, visitor, page AS target, seconds,
      CASE WHEN rule IS NULL AND seconds IS NULL THEN 'time'::verdict ELSE rule END AS verdict
    FROM (
      SELECT _line, _file, _number, rule, CASE WHEN rule IS NULL THEN page END AS page,
        CASE WHEN rule IS NULL THEN ${visitorKey(key)} END AS visitor, CASE WHEN rule IS NULL THEN ${seconds} END AS seconds
      FROM (SELECT *, CASE ${cases.join(' ')} END AS rule FROM (SELECT *, ${page} AS page FROM ${from}))
    )`;
}

/** A visitor as 63 bits that mean nothing beyond the run. */
function visitorKey(key: readonly string[]): string {
  const parts = key.map((part) => `coalesce(${part}, '')`);
  return `(hash(${parts.join(', ')}, getvariable('salt')) >> 1)::BIGINT`;
}

/** A target with its host before it; one that names its host already stays as it is. */
export function urlOf(host: string, target: string): string {
  return `CASE WHEN starts_with(${target}, '/') THEN 'http://' || coalesce(${host}, '') ELSE '' END || ${target}`;
}

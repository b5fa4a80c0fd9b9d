import { ASSET_PATTERN, FEED_PATTERN } from '../rules.ts';

/** A row's parts as SQL expressions over a table expression; what the data does not have is left out. */
export interface RowParts {
  readonly from: string;
  /** BOOLEAN: whether the line is of the format at all. */
  readonly isWhole: string;
  /** VARCHARs that together name the session, or the visitor where there are no sessions; NULL or empty is missing. */
  readonly key: readonly string[];
  readonly page: string;
  /** DOUBLE, NULL where it cannot be read. Data without times leaves it out: the order of lines stands for it. */
  readonly seconds?: string | undefined;
  readonly method?: string | undefined;
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
  const { from, isWhole, key, page, seconds = '0.0', method, status, agent, purpose, contentType } = parts;
  const missing = `(${key[0]} IS NULL OR ${key[0]} = '')`;
  const rules: [condition: string | undefined, verdict: string][] = [
    [`NOT coalesce(${isWhole}, false)`, 'shape'],
    ...(parts.ownRules ?? []).map(([condition, verdict]): [string, string] => [condition, verdict]),
    [missing, 'session'],
    ['seconds IS NULL', 'time'],
    [status && `${status} BETWEEN 300 AND 399 AND ${status} <> 304`, 'redirect'],
    [status && `NOT (${status} BETWEEN 200 AND 299 OR ${status} = 304)`, 'error'],
    [method && `upper(${method}) <> 'GET'`, 'method'],
    [agent && `${agent} IN (SELECT agent FROM bots)`, 'bot'],
    [purpose && `regexp_matches(${purpose}, '(?i)\\b(prefetch|prerender)\\b')`, 'prefetch'],
    ["page IS NULL OR page = '' OR regexp_matches(page, '[\\r\\n]')", 'page'],
    [contentType && `${contentType} <> '' AND NOT starts_with(lower(${contentType}), 'text/html')`, 'asset'],
  ];
  const isLog = method !== undefined || status !== undefined || agent !== undefined;
  if (isLog) {
    rules.push([`regexp_matches(page, ${FEED_PATTERN})`, 'feed']);
    rules.push([`regexp_matches(page, ${ASSET_PATTERN})`, 'asset']);
  }
  const cases = rules.flatMap(([condition, verdict]) =>
    condition ? [`WHEN ${condition} THEN '${verdict}'`] : [],
  );
  const hashed = key.map((part) => `coalesce(${part}, '')`).join(', ');
  return `
    SELECT _line, _file, _number, CASE WHEN verdict IS NULL THEN visitor END AS visitor, CASE WHEN verdict IS NULL THEN page END AS target,
      CASE WHEN verdict IS NULL THEN seconds END AS seconds, verdict
    FROM (
      SELECT _line, _file, _number, visitor, page, seconds, (CASE ${cases.join(' ')} END)::verdict AS verdict
      FROM (SELECT *, ${visitorKey(hashed)} AS visitor, ${page} AS page, ${seconds} AS seconds FROM ${from})
    )`;
}

/** A visitor as 63 bits that mean nothing beyond the run. */
function visitorKey(parts: string): string {
  return `(hash(${parts}, getvariable('salt')) >> 1)::BIGINT`;
}

/** A target with its host before it; one that names its host already stays as it is. */
export function urlOf(host: string, target: string): string {
  return `CASE WHEN starts_with(${target}, '/') THEN 'http://' || coalesce(${host}, '') ELSE '' END || ${target}`;
}

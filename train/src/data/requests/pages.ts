import { UserError } from '../../user-error.ts';
import { type Database, sqlText } from '../database.ts';

/** How a page gets its name. */
export interface PageNaming {
  /** Parameters that name a page, comma-separated; `*` is all but those that only track. None by default. */
  readonly keepQuery?: string | undefined;
  /** Puts the host, in lower case, before the path: for logs of several sites. */
  readonly keepHost: boolean;
  /** RE2 pattern of personal data, beside the usual ones; `none` for nothing at all. */
  readonly redact?: string | undefined;
}

/** Parameters that say where a visitor came from or who they are, never which page it is. */
const TRACKING = `(?i)${[
  'utm_.*|g?clid|[a-z]{1,3}clid|gclsrc|[gw]braid|gad_.*|igshid|li_fat_id|mc_[ce]id|_g[al]|_hs.*',
  'ref|referrer|(?:php|j)?sess(?:ion)?_?id|sid',
].join('|')}`;

const EMAIL = '[\\w.+-]+(?:@|%40)[\\w-]+(?:\\.[\\w-]+)*\\.[A-Za-z]{2,}';

/**
 * The macros that name pages: `url_page` of a URL, `item_page` of anything else. Personal data becomes `*`: e-mail
 * addresses, and in paths long tokens such as hexadecimal keys, UUIDs and base64, none of which names a page of many.
 */
export function pageMacros({ keepQuery, keepHost, redact }: PageNaming): string {
  const names = (keepQuery ?? '').split(',').map((name) => sqlText(name.trim()));
  const parameter = "split_part(p, '=', 1)";
  const kept =
    keepQuery === '*'
      ? `NOT regexp_full_match(${parameter}, '${TRACKING}')`
      : `${parameter} IN (${names.join(', ')})`;
  const own =
    redact === undefined || redact === 'none' ? 't' : `regexp_replace(t, ${sqlText(redact)}, '*', 'g')`;
  const usual =
    redact === 'none'
      ? ['t', 's']
      : [`regexp_replace(t, '${EMAIL}', '*', 'g')`, "CASE WHEN is_token(s) THEN '*' ELSE s END"];
  return `
    CREATE MACRO is_token(s) AS length(s) >= 16 AND (
      regexp_full_match(s, '(?i)[0-9a-f]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|eyJ[\\w-]+(\\.[\\w-]+)*')
      OR (length(s) >= 20 AND regexp_matches(s, '[0-9]') AND (
        regexp_full_match(s, '[A-Za-z0-9]+')
        OR (regexp_full_match(s, '[\\w=+-]+') AND regexp_matches(s, '[A-Z]') AND regexp_matches(s, '[a-z]')))));
    CREATE MACRO redact_own(t) AS ${own};
    CREATE MACRO redact_text(t) AS redact_own(${usual[0]});
    CREATE MACRO redact_segment(s) AS ${usual[1]};
    CREATE MACRO redact_path(t) AS redact_text(array_to_string(list_transform(string_split(t, '/'), s -> redact_segment(s)), '/'));
    CREATE MACRO redact_parameter(p) AS split_part(p, '=', 1) || CASE WHEN contains(p, '=') THEN '=' || redact_segment(p[strpos(p, '=') + 1:]) ELSE '' END;
    CREATE MACRO kept_query(q) AS redact_text(array_to_string(list_transform(list_sort(list_filter(
      string_split(q, '&'), p -> p <> '' AND ${kept})), p -> redact_parameter(p)), '&'));
    CREATE MACRO whole_path(t) AS '/' || trim(regexp_replace(regexp_replace(regexp_replace(
      t, '(?i);(jsessionid|phpsessid|sid)=[^/]*', '', 'g'), '/+', '/', 'g'), '(?i)(/(index|default)\\.(x?html?|php\\d?|aspx?|jsp))+$', '/'), '/');
    CREATE MACRO url_host(t) AS lower(regexp_extract(t, '^[A-Za-z][\\w+.-]*://([^/?#]*)', 1));
    CREATE MACRO url_rest(t) AS split_part(regexp_replace(t, '^[A-Za-z][\\w+.-]*://[^/?#]*', ''), '#', 1);
    CREATE MACRO url_name(path, query) AS path || CASE WHEN query = '' THEN '' ELSE '?' || query END;
    CREATE MACRO url_page(t) AS ${keepHost ? "regexp_replace(url_host(t), ':(80|443)$', '') || " : ''}regexp_replace(
      url_name(redact_path(whole_path(split_part(url_rest(t), '?', 1))), kept_query(${keepQuery === undefined ? "''" : "url_rest(t)[strpos(url_rest(t), '?') + 1:]"})),
      '\\s', '%20', 'g');
    CREATE MACRO is_url(t) AS starts_with(t, '/') OR regexp_matches(t, '^(?i)[a-z][a-z0-9+.-]*://');
    CREATE MACRO item_page(t) AS CASE WHEN is_url(t) THEN redact_path(t) ELSE redact_text(t) END;`;
}

/** @throws UserError when a pattern is none that DuckDB, whose patterns are RE2's, can read. */
export async function checkPattern(redact: string | undefined, database: Database): Promise<void> {
  if (redact === undefined) return;
  await database.rows(`SELECT regexp_matches('', ${sqlText(redact)})`).catch((error: unknown) => {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new UserError(`--redact: ${reason.replace(/^.*Error: /, '')}`, { cause: error });
  });
}

import { secondsOf } from '../requests/times.ts';
import { type Format, shareOf } from './format.ts';
import { parseObject, withoutFields } from './json.ts';
import { selectRows } from './select-rows.ts';

const PARAMS = '[{"key":"VARCHAR","value":{"string_value":"VARCHAR","int_value":"VARCHAR"}}]';

/** Any line of the export will do: only page views are kept of it, and they may be few. */
const SOME = 0.5;

/** Google Analytics 4's BigQuery export as JSON lines: page views, under the sessions that it knows. */
export const ga4: Format = {
  name: 'ga4',
  recognise(sample) {
    const isEvent = (text: string) => {
      const event = parseObject(text);
      return (
        event !== undefined && 'event_name' in event && 'event_timestamp' in event && 'event_params' in event
      );
    };
    if (shareOf(sample, isEvent) < SOME) return undefined;
    return {
      format: 'ga4',
      description: 'Google Analytics 4, BigQuery export',
      hasSessions: true,
      isRequestLog: true,
      hasTimes: true,
      isLineSession: false,
      hide: (text) => withoutFields(text, ['user_pseudo_id', 'user_id']),
      rows: (scan) =>
        selectRows({
          from: `(SELECT *, ${parameter('page_location')}.string_value AS location, ${parameter('ga_session_id')}.int_value AS session_id FROM ${events(scan)})`,
          isWhole: 'f IS NOT NULL',
          key: ["CASE WHEN session_id <> '' THEN f[3] END", 'session_id'],
          page: 'location',
          seconds: secondsOf('f[2]'),
          ownRules: [
            ["f[1] NOT IN ('page_view', 'screen_view')", 'event'],
            ["session_id IS NULL OR coalesce(f[3], '') = ''", 'anonymous'],
          ],
        }),
    };
  },
};

function events(scan: string): string {
  const fields = "json_extract_string(line, ['$.event_name', '$.event_timestamp', '$.user_pseudo_id'])";
  return `(
    SELECT _line, _file, _number, CASE WHEN valid THEN ${fields} END AS f,
      CASE WHEN valid THEN from_json(json_extract(line, '$.event_params'), '${PARAMS}') END AS params
    FROM (SELECT *, json_valid(line) AS valid FROM ${scan}))`;
}

function parameter(name: string): string {
  return `list_filter(params, p -> p.key = '${name}')[1].value`;
}

/**
 * The macros that read times. Numbers are seconds, or the milli-, micro- or nanoseconds that their size tells: of today,
 * 1.8e9, 1.8e12, 1.8e15 and 1.8e18. A date without a zone is taken for UTC.
 */
export const TIME_MACROS = `
  CREATE MACRO number_seconds(n) AS CASE
    WHEN n BETWEEN -1e11 AND 1e11 THEN n
    WHEN NOT isfinite(n) THEN NULL
    WHEN n >= 1e17 THEN n / 1e9
    WHEN n >= 1e14 THEN n / 1e6
    WHEN n >= 1e11 THEN n / 1e3
    ELSE n END;
  CREATE MACRO text_seconds(t) AS coalesce(
    number_seconds(try_cast(t AS DOUBLE)),
    epoch(try_cast(t AS TIMESTAMPTZ)),
    epoch(try_strptime(t, ['%d/%b/%Y:%H:%M:%S %z', '%a, %d %b %Y %H:%M:%S %Z', '%Y/%m/%d %H:%M:%S']))
  );`;

/** DOUBLE expression, in s, of a time given as text; NULL where it is none. */
export function secondsOf(text: string): string {
  // Nearly all are plain numbers: the rest is not even looked at for them.
  return `text_seconds(${text})`;
}

/** DOUBLE expression, in s, of a column of some SQL type. */
export function secondsOfColumn(column: string, type: string): string {
  if (/^(TIMESTAMP|DATE)/.test(type)) return `epoch(${column}::TIMESTAMPTZ)`;
  if (/^(U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL)/.test(type)) {
    return `number_seconds(${column}::DOUBLE)`;
  }
  return secondsOf(`trim(${column}::VARCHAR)`);
}

/** Why a line cannot be read: too many of them stop a run. */
export const DEFECTS = {
  encoding: 'it is not UTF-8 text',
  length: 'it is longer than 2 MiB',
  shape: 'it is not of the format',
  session: 'the session or visitor is missing',
  page: 'the page is missing',
  time: 'the time is neither a number nor a date',
} as const;

/** Why a request that was read is left out: each rule is counted under its name. */
export const RULES = {
  redirect: 'answers that send elsewhere (3xx but 304)',
  error: 'answers other than success (2xx, 304)',
  method: 'methods other than GET',
  bot: 'crawlers and programs, by user agent',
  prefetch: 'prefetches, which nobody has looked at yet',
  asset: 'images, scripts, styles and other files that are no pages',
  feed: 'feeds and site maps',
  event: 'events other than page views',
  anonymous: 'events without a session, as visitors without consent have',
} as const;

export type Defect = keyof typeof DEFECTS;
export type Rule = keyof typeof RULES;

/** The SQL type of a verdict, a byte a row. */
export const VERDICT_TYPE = `CREATE TYPE verdict AS ENUM (${[...Object.keys(DEFECTS), ...Object.keys(RULES)]
  .map((name) => `'${name}'`)
  .join(', ')})`;

export function isDefect(verdict: string): verdict is Defect {
  return Object.hasOwn(DEFECTS, verdict);
}

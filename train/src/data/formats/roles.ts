import { UserError } from '../../user-error.ts';

/** What a column can be. A table needs a page, and a session or a visitor; `order` is that of events at one time. */
export const ROLES = [
  'session',
  'visitor',
  'page',
  'time',
  'order',
  'agent',
  'method',
  'status',
  'purpose',
  'host',
  'type',
] as const;
export type Role = (typeof ROLES)[number];

/** The usual names of each role's column, letters and digits only, best first. */
const USUAL_NAMES: Record<Role, readonly string[]> = {
  session: ['sessionid', 'session', 'visitid', 'visit', 'sid'],
  visitor: [
    ...['visitorid', 'visitor', 'userid', 'user', 'userpseudoid', 'clientid', 'customerid', 'anonymousid'],
    ...['deviceid', 'cookieid', 'fullvisitorid', 'clientip', 'remoteaddr', 'remoteip', 'ip', 'cip'],
  ],
  page: [
    ...['clientrequesturi', 'clientrequestpath', 'pagepath', 'pagelocation', 'pageurl', 'page', 'requesturi'],
    ...['requestpath', 'path', 'url', 'uri', 'csuristem', 'itemid', 'item', 'productid'],
  ],
  time: [
    ...['edgestarttimestamp', 'time', 'timestamp', 'ts', 'eventtime', 'eventtimestamp', 'timeframe'],
    ...['datetime', 'timeiso8601', 'timelocal', 'createdat', 'date', 'seconds'],
  ],
  order: ['position', 'step', 'sequencenumber', 'sequence', 'hitnumber'],
  agent: ['clientrequestuseragent', 'httpuseragent', 'useragent', 'agent'],
  method: ['clientrequestmethod', 'requestmethod', 'httpmethod', 'method'],
  status: ['edgeresponsestatus', 'responsestatus', 'statuscode', 'httpstatus', 'status'],
  purpose: ['secpurpose', 'httpsecpurpose', 'purpose'],
  host: ['clientrequesthost', 'httphost', 'host'],
  type: ['edgeresponsecontenttype', 'contenttype'],
};

export type Columns = Partial<Record<Role, string>>;

/** Takes each role's column by its usual name; a name is compared by its letters and digits alone. */
export function guessColumns(names: readonly string[]): Columns {
  const plain = new Map(names.map((name) => [plainName(name), name]));
  const guessed = ROLES.map((role) => {
    const usual = USUAL_NAMES[role].find((name) => plain.has(name));
    return [role, usual === undefined ? undefined : plain.get(usual)] as const;
  });
  return Object.fromEntries(guessed.filter(([, name]) => name !== undefined));
}

/**
 * The columns that the user names, and beside them the usual ones of roles that were not named.
 * @throws UserError when a role or a column does not exist.
 */
export function settleColumns(file: string, names: readonly string[], asked: Columns = {}): Columns {
  for (const [role, name] of Object.entries(asked)) {
    if (names.includes(name)) continue;
    throw new UserError(
      `${file}: --columns ${role}=${name}: there is no such column; there are ${names.join(', ')}`,
    );
  }
  const taken = new Set(Object.values(asked));
  const guessed = Object.entries(guessColumns(names)).filter(([, name]) => !taken.has(name));
  return { ...Object.fromEntries(guessed), ...asked };
}

/** What a table lacks to be one of events, in words; undefined when it lacks nothing. */
export function lacksOf(columns: Columns): string | undefined {
  const lacks: string[] = [];
  if (!columns.page) lacks.push('page');
  if (!columns.session && !columns.visitor) lacks.push('session or visitor');
  // Sessions may go by the order of lines; to cut visits, times are needed.
  if (!columns.session && !columns.time) lacks.push('time');
  return lacks.length > 0 ? lacks.join(' and no ') : undefined;
}

/** Whether a table's header names any column that events have. */
export function namesAColumn(names: readonly string[]): boolean {
  return Object.keys(guessColumns(names)).length > 0;
}

export function describeColumns(columns: Columns): string {
  return Object.entries(columns)
    .map(([role, name]) => (role === name ? role : `${role} ${name}`))
    .join(', ');
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

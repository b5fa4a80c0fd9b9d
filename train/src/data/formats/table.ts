import { UserError } from '../../user-error.ts';
import type { Sample } from '../sources/sample.ts';
import type { FormatName, Layout, Shape } from './format.ts';
import { type Columns, describeColumns, guessColumns, lacksOf, type Role, settleColumns } from './roles.ts';
import { selectRows, urlOf } from './select-rows.ts';

/** How a table's parts are had: where from, and each column's value as text. */
export interface Access {
  readonly format: FormatName;
  readonly kind: string;
  readonly from: (scan: string) => string;
  readonly isWhole: string;
  /** Whether a value may hold a line break. */
  readonly mayBreak: boolean;
  /** VARCHAR expression of a column. */
  readonly text: (name: string) => string;
  /** A line without the values of some columns. */
  readonly without?: (text: string, names: readonly string[]) => string;
  /** DOUBLE expression of the time column, in s. */
  readonly seconds: (name: string) => string;
}

/** How to read a table, its columns settled. */
export function tableLayout(access: Access, columns: Columns, { keepHost = false }: Shape): Layout {
  const part = (role: Role) => (columns[role] === undefined ? undefined : access.text(columns[role]));
  const hasSessions = columns.session !== undefined;
  const agent = part('agent');
  const agentText = agent && `coalesce(${agent}, '')`;
  const key = hasSessions
    ? [part('session') ?? '']
    : [part('visitor') ?? '', ...(agentText ? [agentText] : [])];
  const order = part('order');
  const personal = [columns.visitor, columns.agent].filter((name) => name !== undefined);
  const status = part('status');
  const method = part('method');
  const host = part('host');
  const page = part('page') ?? '';
  const isLog =
    !hasSessions && [columns.agent, columns.method, columns.status].some((name) => name !== undefined);
  return {
    format: access.format,
    description: `${access.kind}: ${describeColumns(columns)}`,
    hasSessions,
    isRequestLog: !hasSessions,
    hasTimes: columns.time !== undefined,
    isLineSession: false,
    hide: (text) => access.without?.(text, personal) ?? text,
    rows: (scan) =>
      selectRows({
        from: order ? inOrder(access.from(scan), order, key) : access.from(scan),
        isWhole: access.isWhole,
        mayBreak: access.mayBreak,
        key,
        page: host && keepHost ? urlOf(host, page) : page,
        seconds: columns.time === undefined ? undefined : access.seconds(columns.time),
        ...(isLog
          ? {
              isGet: method && `upper(${method}) = 'GET'`,
              status: status && `try_cast(${status} AS INTEGER)`,
              agent: agentText,
              purpose: part('purpose'),
              contentType: part('type'),
            }
          : {}),
      }),
    ...(isLog && agentText
      ? { agents: (scan: string) => `SELECT ${agentText} AS agent FROM ${access.from(scan)}` }
      : {}),
  };
}

/** Rows in an order of their own, for tables that are in none: a cluster writes them as it pleases. */
function inOrder(from: string, order: string, key: readonly string[]): string {
  return `(SELECT * FROM ${from} ORDER BY try_cast(${order} AS DOUBLE), ${key.map((part) => `try_cast(${part} AS BIGINT), ${part}`).join(', ')})`;
}

/** Columns by place, all of which the user has to name. @throws UserError naming what is not there, or lacks. */
export function placedColumns(sample: Sample, names: readonly string[], shape: Shape): Columns {
  const columns = shape.columns ?? {};
  settleColumns(sample.name, names, columns);
  return refuseLacks(sample, names, columns);
}

/** The columns that the user names and the usual ones. @throws UserError naming what lacks, and how to name it. */
export function wholeColumns(sample: Sample, names: readonly string[], shape: Shape): Columns {
  return refuseLacks(
    sample,
    names,
    shape.columns ? settleColumns(sample.name, names, shape.columns) : guessColumns(names),
  );
}

function refuseLacks(sample: Sample, names: readonly string[], columns: Columns): Columns {
  const lacks = lacksOf(columns);
  if (lacks === undefined) return columns;
  throw new UserError(
    `${sample.name}: it looks like a table, but has no ${lacks} column; name them with --columns session=…,page=…,time=… (its columns: ${names.join(', ')})`,
  );
}

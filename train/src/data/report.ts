import type { FormatName } from './formats/format.ts';
import type { Defect, Rule } from './requests/verdicts.ts';
import type { SessionLosses } from './sessions/sessionise.ts';

/** A bad line as it may be shown: nothing of a visitor is in it. */
export interface BadLine {
  readonly file: string;
  /** Counts from 1; undefined where the line could not be found again. */
  readonly number?: number | undefined;
  readonly defect: Defect;
  readonly text: string;
}

/** What became of data on its way to sessions: `npm run train -- inspect --json` prints it. */
export interface DataReport {
  readonly data: string;
  readonly format: FormatName;
  /** What was recognised, for people. */
  readonly description: string;
  readonly files: number;
  /** Lines, or rows of Parquet: `read` is kept + bad + dropped; blank lines and headers do not count. */
  readonly rows: {
    readonly read: number;
    readonly kept: number;
    readonly bad: Readonly<Partial<Record<Defect, number>>>;
    readonly dropped: Readonly<Partial<Record<Rule, number>>>;
  };
  /** The first of the bad lines. */
  readonly badLines: readonly BadLine[];
  readonly settings: {
    /** min; null where the data's own sessions were kept. */
    readonly sessionGap: number | null;
    readonly foldRepeats: boolean;
    readonly minSupport: number;
    readonly minVisitors: number;
    readonly minLength: number;
  };
  readonly sessions: SessionLosses & {
    readonly count: number;
    readonly events: number;
    readonly pages: number;
  };
  /** How many sessions have each length; the last entry holds all longer ones. */
  readonly lengths: readonly {
    readonly from: number;
    readonly to: number | null;
    readonly sessions: number;
  }[];
  /** The most visited pages of the sessions. */
  readonly topPages: readonly { readonly page: string; readonly events: number }[];
  /** When the first and the last session began, ISO 8601 in UTC; null where the data has no times, or none since 1970. */
  readonly span: { readonly from: string; readonly to: string } | null;
}

/** How many bad lines there are. */
export function countBad({ rows }: Pick<DataReport, 'rows'>): number {
  return Object.values(rows.bad).reduce((sum, count) => sum + count, 0);
}

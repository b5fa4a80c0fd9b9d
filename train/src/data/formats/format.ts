import type { Sample } from '../sources/sample.ts';

/** What data can look like. */
export const FORMATS = ['access-log', 'events', 'logpush', 'ga4', 'sessions', 'spmf', 'index'] as const;
export type FormatName = (typeof FORMATS)[number];

/** How to read files of one shape: the query that makes rows of their lines. */
export interface Layout {
  readonly format: FormatName;
  /** What was recognised, for people: `combined log`, or the columns and what each is taken for. */
  readonly description: string;
  /** Whether the data names its sessions; otherwise they are cut from each visitor's requests. */
  readonly hasSessions: boolean;
  /** Whether it logs requests of a site: pages are URLs, and visitors may have put themselves into them. */
  readonly isRequestLog: boolean;
  readonly hasTimes: boolean;
  /** Whether a line holds a whole session. */
  readonly isLineSession: boolean;
  /**
   * A query for rows (visitor BIGINT, target VARCHAR, seconds DOUBLE, verdict VERDICT), in line order, beside the scan's own
   * `_line`, `_file` and `_number`. `verdict` is why a row is left out, NULL where it is not.
   * @param scan a table expression of lines (line VARCHAR), or of a Parquet file's columns.
   * @param index of the scan among those of the run: lines are numbered within it.
   */
  rows(scan: string, index: number): string;
  /** A line as it may be shown, without what its format knows to be of the visitor. */
  hide?(text: string): string;
  /** A query for the user agents (agent VARCHAR) of a scan, where there are any. */
  agents?(scan: string): string;
}

/** What the user said of the data's shape. */
export interface Shape {
  readonly format?: FormatName | undefined;
  /** The columns of an event table by role: names, or places that count from 1. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** Whether a page's name begins with its host. */
  readonly keepHost?: boolean;
}

/** Recognises its own files by their beginning. */
export interface Format {
  readonly name: FormatName;
  /**
   * @returns how to read the file, or undefined when it is something else.
   * @throws UserError when it is this format's, but something of it is missing.
   */
  recognise(sample: Sample, shape: Shape): Layout | undefined;
}

/** The share of a sample's lines that match. */
export function shareOf(sample: Sample, matches: (text: string) => boolean): number {
  return sample.lines.filter(({ text }) => matches(text)).length / Math.max(1, sample.lines.length);
}

/** A sample is of a format when most of its lines are: some may be bad. */
export const MOST = 0.6;

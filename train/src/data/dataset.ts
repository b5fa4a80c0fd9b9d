import type { FormatName } from './formats/format.ts';
import type { DataReport } from './report.ts';
import type { Sessions } from './sessions/sessions.ts';

/** Sessions of pages, in time order where the data has times, else in the order of lines. */
export interface Dataset {
  readonly format: FormatName;
  /** Each of at least two pages, oldest first. */
  readonly sessions: Sessions;
  readonly report: DataReport;
}

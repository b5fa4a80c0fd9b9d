import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The public data sets that some tests and benches read in place: `PATHCAST_DATA`, else `../shared/data`. */
export const DATA = resolve(
  process.env.PATHCAST_DATA ?? resolve(import.meta.dirname, '../../../shared/data'),
);

/** Where a data set's file is, or undefined where the sets are not at hand. */
export function dataFile(path: string): string | undefined {
  const file = resolve(DATA, path);
  return existsSync(file) ? file : undefined;
}

/** Says in a test's title why it was skipped. */
export function needs(title: string, path: string): string {
  return dataFile(path) ? title : `${title} [skipped: ${path} is not in PATHCAST_DATA]`;
}

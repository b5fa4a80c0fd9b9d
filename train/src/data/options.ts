import { z } from 'zod';
import { userPath } from '../cli/run.ts';
import { FORMATS } from './formats/format.ts';
import { ROLES } from './formats/roles.ts';
import { isObjectUrl } from './sources/object-store.ts';

const count = z.coerce.number().int().min(1).max(1e9);

/** The options of every command that reads data. */
export const dataOptions = {
  data: z.string().transform(dataPath).describe('file, folder, glob, or s3:// or r2:// address'),
  format: z
    .enum(FORMATS)
    .optional()
    .describe(`${FORMATS.join(', ')}; told by content`),
  columns: z
    .string()
    .transform((text, context) => parseColumns(text, context))
    .optional()
    .describe('of an event table: session=…,page=…,time=… by name or place; guessed by name'),
  sessionGap: z.coerce
    .number()
    .positive()
    .max(1e6)
    .optional()
    .describe('minutes of silence that end a visit (30 for request logs)'),
  foldRepeats: z
    .boolean()
    .optional()
    .describe('count a page asked for again at once only once (request logs)'),
  minSupport: count.optional().describe('requests a page needs (5 for request logs, else 1)'),
  minVisitors: count
    .optional()
    .describe('sessions that must have seen a page to name it (5 for request logs, else 1)'),
  minLength: count.default(2).describe('pages a session needs'),
  maxBad: z.coerce.number().min(0).max(100).default(1).describe('percent of bad lines that stops the run'),
  normalise: z
    .boolean()
    .optional()
    .describe('give each page one name: no query, no trailing slash, … (request logs)'),
  keepQuery: z
    .string()
    .optional()
    .describe('parameters that name a page, comma-separated; * for all that do not track'),
  keepHost: z.boolean().default(false).describe('begin the names of pages with their host'),
  redact: z
    .string()
    .optional()
    .describe('pattern of personal data in pages, beside the usual; none for nothing'),
  spill: z
    .string()
    .transform(userPath)
    .optional()
    .describe("folder for what memory does not hold (the system's temporary one)"),
  memoryGb: z.coerce.number().min(0.1).max(4096).default(1).describe('memory that reading may take, in GB'),
};

const schema = z.strictObject(dataOptions);

/** @see dataOptions */
export type DataOptions = z.infer<typeof schema>;

/** Resolves what `--data` names against the folder the user is in; addresses stay. */
export function dataPath(data: string): string {
  return isObjectUrl(data) ? data : userPath(data);
}

/** The options when nobody sets any. */
export function defaultDataOptions(data: string): DataOptions {
  return schema.parse({ data });
}

function parseColumns(text: string, context: z.RefinementCtx): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  const columns: Record<string, string> = {};
  for (const [role = '', ...name] of pairs) {
    if (!ROLES.some((known) => known === role.trim()) || name.join('=').trim() === '') {
      context.addIssue(
        `"${[role, ...name].join('=')}" is not of the form ROLE=COLUMN; the roles are ${ROLES.join(', ')}`,
      );
      return z.NEVER;
    }
    columns[role.trim()] = name.join('=').trim();
  }
  return columns;
}

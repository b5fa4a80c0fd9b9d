import { resolve } from 'node:path';
import { UserError } from '../user-error.ts';

/** Runs a command; a user's error becomes one line on stderr and exit code 1, anything else keeps its stack. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`pathcast: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Resolves a path that a user wrote against the folder they wrote it in, which npm puts in `INIT_CWD`. */
export function userPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

/** The repository's root. */
export const ROOT = resolve(import.meta.dirname, '../../..');

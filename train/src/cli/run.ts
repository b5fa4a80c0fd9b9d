import { resolve } from 'node:path';
import { whatMemoryLacked } from '../backends/out-of-memory.ts';
import { handleInterrupts } from '../interrupt.ts';
import { UserError } from '../user-error.ts';

/** Runs a command; a user's error, the file system's, or a lack of memory becomes one line on stderr and its exit code (1), anything else keeps its stack. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  handleInterrupts();
  process.stdout.on('error', goOnUnread);
  try {
    await command();
  } catch (error) {
    const shortage = whatMemoryLacked(error);
    if (!(error instanceof UserError) && !isFileError(error) && !shortage) throw error;
    process.stderr.write(`pathcast: ${shortage ?? (error as Error).message}\n`);
    process.exitCode = error instanceof UserError ? error.exitCode : 1;
  }
}

/** A reader that has gone, such as `head`, is no reason to lose what is being made. */
function goOnUnread(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** What the file system refused, such as a full disk: its message names the call and the path. */
function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && 'path' in error;
}

/** Resolves a path that a user wrote against the folder they wrote it in, which npm puts in `INIT_CWD`. */
export function userPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

/** The repository's root. */
export const ROOT = resolve(import.meta.dirname, '../../..');

import { type SpawnOptions, spawn } from 'node:child_process';
import { UserError } from './command.ts';
import { ROOT } from './paths.ts';

/** A child process of node. */
export interface Child {
  /** What it does, for the message when it fails: `the build`. */
  readonly what: string;
  /** Arguments of node. */
  readonly args: readonly string[];
  /** Shows what it prints as it comes; otherwise it is kept for the message of a failure. */
  readonly isShown?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs node in the repository's root and waits for its end. A signal to stop is handed on to it.
 * @returns what it printed, when that is not shown.
 * @throws UserError when it ends with another exit code than 0.
 */
export async function runChild({ what, args, isShown = false, env = {} }: Child): Promise<string> {
  const options: SpawnOptions = {
    cwd: ROOT,
    env: { ...process.env, INIT_CWD: ROOT, ...env },
    stdio: isShown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  };
  const child = spawn(process.execPath, args, options);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const handOn = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', handOn).on('SIGTERM', handOn);
  try {
    const code = await new Promise<number | null>((done, fail) => child.on('close', done).on('error', fail));
    if (code === 0) return output;
    if (output) process.stderr.write(output);
    throw new UserError(`${what} failed with exit code ${code ?? 'none'}; its own words are above`);
  } finally {
    process.off('SIGINT', handOn).off('SIGTERM', handOn);
  }
}

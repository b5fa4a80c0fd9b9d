import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { UserError } from '../user-error.ts';

/** Lines of a failed command that tell most: what calls itself an error, what sounds like one, or else the last. */
const TELLING = [
  /^\s*(npm error (?!code)|ERROR: |\w*Error: )/,
  /\b(error|fatal|no space|not found|could not|failed)\b/i,
];

export interface RunOptions {
  /** What it is called where it fails; by default the command. */
  readonly as?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Gets all that the command prints. */
  readonly log: string;
}

/**
 * Runs a command to its end.
 * @returns what it printed on stdout.
 * @throws UserError with the first line that tells why it failed, and where the rest is.
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { as = command, cwd, env = process.env, log } = options;
  const file = createWriteStream(log, { flags: 'a' });
  file.write(`$ ${[command, ...args].join(' ')}\n`);
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let all = '';
  const keep = (chunk: Buffer) => {
    all += chunk.toString();
    file.write(chunk);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    keep(chunk);
  });
  child.stderr.on('data', keep);
  const outcome = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? `it ended by ${signal}`));
  });
  await new Promise((ended) => file.end(ended));
  if (outcome === 0) return stdout;
  const lines = all.split('\n').filter((line) => line.trim() !== '');
  const telling = TELLING.map((pattern) => lines.find((line) => pattern.test(line)));
  const why = telling.find((line) => line !== undefined) ?? lines.at(-1) ?? String(outcome);
  throw new UserError(`${as} failed: ${why.trim().slice(0, 200)} (all of it: ${log})`);
}

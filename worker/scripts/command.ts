import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Something the user can mend: the message is one clear sentence, and all that the terminal shows. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

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

/** Reads a command's flags, refusing unknown ones. @throws UserError naming the flag at fault. */
export function readFlags<T extends NonNullable<ParseArgsConfig['options']>>(options: T) {
  try {
    return parseArgs({ args: process.argv.slice(2), options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const flags = Object.keys(options).map((name) => `--${name}`);
    const known = flags.length > 0 ? `the flags are ${flags.join(', ')}` : 'it takes no flags';
    throw new UserError(`${message.split('. ')[0]}; ${known}`);
  }
}

/** Reads `--port`. @throws UserError when it is not a port. */
export function readPort(text: string): number {
  const port = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UserError(`--port: "${text}" is not a port, 0 to 65535`);
}

/** Waits for Ctrl-C or a plain kill. */
export function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
}

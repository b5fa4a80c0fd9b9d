import { fileURLToPath } from 'node:url';
import { readFlags, readPort, runCommand, stopSignal, UserError } from './command.ts';
import { LOOPBACK, type Server } from './listening.ts';
import type { NodeServeOptions } from './node-server.ts';
import { ARTIFACTS, userPath } from './paths.ts';
import type { ServeOptions } from './server.ts';

export type { Server } from './listening.ts';
export type { ServeOptions } from './server.ts';

/** Serves with a runtime, which loads nothing of the other's. */
const RUNTIMES = {
  workerd: async (options: ServeOptions) => (await import('./server.ts')).serve(options),
  node: async (options: NodeServeOptions) => (await import('./node-server.ts')).serveOnNode(options),
};

const DEFAULT_PORT = 8787;

/** Serves on workerd: see {@link ServeOptions}. */
export function serve(options: ServeOptions): Promise<Server> {
  return RUNTIMES.workerd(options);
}

/** `npm run serve -- [--artifacts DIR] [--port N] [--host ADDRESS] [--runtime workerd|node]` */
async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const flags = readFlags({ artifacts: text, port: text, host: text, runtime: text });
  const runtime = readRuntime(flags.runtime ?? 'workerd');
  const artifacts = flags.artifacts === undefined ? ARTIFACTS : userPath(flags.artifacts);
  const port = readPort(flags.port ?? String(DEFAULT_PORT));
  const stopped = stopSignal();
  const server = await RUNTIMES[runtime]({ artifacts, port, host: flags.host ?? LOOPBACK });
  process.stdout.write(`Serving ${flags.artifacts ?? 'models/artifacts'} on ${server.url}\n`);
  await stopped;
  await server.stop();
}

/** Reads `--runtime`. @throws UserError when there is no such runtime. */
function readRuntime(text: string): keyof typeof RUNTIMES {
  if (text === 'workerd' || text === 'node') return text;
  throw new UserError(`--runtime: "${text}" is neither workerd nor node`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runCommand(main);

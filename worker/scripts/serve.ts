import { fileURLToPath } from 'node:url';
import { readFlags, readPort, runCommand, stopSignal } from './command.ts';
import { ARTIFACTS, userPath } from './paths.ts';
import { serve } from './server.ts';

export { type ServeOptions, type Server, serve } from './server.ts';

const DEFAULT_PORT = 8787;

/** `npm run serve -- [--artifacts DIR] [--port N]` */
async function main(): Promise<void> {
  const flags = readFlags({ artifacts: { type: 'string' }, port: { type: 'string' } });
  const artifacts = flags.artifacts === undefined ? ARTIFACTS : userPath(flags.artifacts);
  const port = readPort(flags.port ?? String(DEFAULT_PORT));
  const stopped = stopSignal();
  const server = await serve({ artifacts, port });
  process.stdout.write(`Serving ${flags.artifacts ?? 'models/artifacts'} on ${server.url}\n`);
  await stopped;
  await server.stop();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runCommand(main);

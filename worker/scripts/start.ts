import { healthResponseSchema } from '@pathcast/models/api';
import { readFlags, readPort, runCommand, stopSignal } from './command.ts';
import { ensureBuilt } from './ensure-built.ts';
import { checkPort, type Server } from './listening.ts';
import { localStatePath } from './paths.ts';
import { publishLocally, SAMPLES, trainedModels, trainSample } from './sample-models.ts';
import { serve } from './server.ts';

/** `npm start`: sets up what is missing, then serves the API and the playground over the local R2. */
await runCommand(async () => {
  const flags = readFlags({ port: { type: 'string', default: '8787' } });
  const port = readPort(flags.port);
  if (port !== 0) await checkPort(port); // before minutes of training, not after
  say('');
  say('Pathcast');
  say('');
  row('build', (await ensureBuilt()) ? 'made' : 'up to date');
  await trainMissing();
  const stopped = stopSignal();
  const server = await servePublished(port);
  say('');
  say(`  ${server.url.replace('127.0.0.1', 'localhost')}   playground and API, until Ctrl-C`);
  say('');
  await stopped;
  await server.stop();
});

async function trainMissing(): Promise<void> {
  const trained = new Set(await trainedModels());
  for (const sample of SAMPLES) {
    if (trained.has(sample.name)) continue;
    row(sample.name, 'training …');
    say('');
    await trainSample(sample);
    say('');
  }
}

/** Serves the local R2, publishing to it first what it lacks. */
async function servePublished(port: number): Promise<Server> {
  const persist = localStatePath();
  const server = await serve({ persist, port });
  const answering = await modelsThatAnswer(server);
  const missing = (await trainedModels()).filter((name) => !answering.has(name));
  for (const [name, version] of answering) row(name, `version ${version}, there already`);
  if (missing.length === 0) return server;

  await server.stop(); // wrangler writes to the same files
  for (const name of missing) {
    await publishLocally(name);
    row(name, 'published to the local R2');
  }
  return serve({ persist, port });
}

/** The version of each model that answers. */
async function modelsThatAnswer({ url }: Server): Promise<Map<string, string>> {
  const response = await fetch(`${url}/healthz`);
  if (!response.ok) return new Map();
  const { models } = healthResponseSchema.parse(await response.json());
  return new Map(
    models.flatMap(({ name, version, reason }) => (version && !reason ? [[name, version]] : [])),
  );
}

function row(what: string, state: string): void {
  say(`  ${what.padEnd(12)} ${state}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

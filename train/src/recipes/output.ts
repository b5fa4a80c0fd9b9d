import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { modelNameSchema } from '@pathcast/models/artifacts';
import type { Manifest } from '@pathcast/models/manifest';
import { z } from 'zod';
import { BACKENDS, type Backend, loadBackend } from '../backends/backend.ts';
import { commandLine } from '../cli/command-line.ts';
import { metricsTable } from '../cli/metrics-table.ts';
import { userPath } from '../cli/run.ts';
import type { TrainedModel } from '../export/trained-model.ts';
import { writeVersion } from '../export/version.ts';
import { publishVersion, TARGETS } from '../publish/publish.ts';
import type { EpochReport } from '../report/run-report.ts';
import { offerSetup } from '../setup/offer.ts';
import { UserError } from '../user-error.ts';

/** The options that every training command takes. */
export const outputOptions = {
  name: modelNameSchema.optional().describe('name of the artifact (the model)'),
  out: z.string().default('models/artifacts').describe('folder of artifacts'),
  publish: z.enum(TARGETS).optional().describe('also publish it: local or r2'),
  backend: z.enum(BACKENDS).default('auto').describe('auto, cuda, native or wasm'),
  seed: z.coerce.number().int().min(0).max(0xffff_ffff).default(1).describe('one seed, one model'),
};

/**
 * Sees that the result can be written, before hours go into it; then loads the backend and says which, and for `auto` why
 * not a better one.
 * @throws UserError when the folder cannot be written to, or the backend does not load.
 */
export async function prepareRun({
  out,
  backend: choice,
}: {
  out: string;
  backend: (typeof BACKENDS)[number];
}) {
  await checkWritable(userPath(out));
  if (choice === 'auto') await offerSetup();
  const backend = await loadBackend(choice);
  process.stdout.write(`  backend   ${backend.name}${backend.device ? `: ${backend.device}` : ''}\n`);
  for (const reason of backend.passedOver) process.stdout.write(`            ${reason}\n`);
  return backend;
}

/** Shows the metrics, writes the version, publishes it where asked, and prints the version's folder last. */
export async function finishRun(
  model: TrainedModel,
  run: Pick<Manifest, 'config' | 'data' | 'metrics'> & {
    backend: Backend;
    fallbackName: string;
    curves: readonly EpochReport[];
    /** Targets that were learnt from in a second of fitting; 0 where it is not known. */
    eventsPerSecond: number;
    workers?: number;
  },
  options: { name?: string | undefined; out: string; publish?: (typeof TARGETS)[number] | undefined },
): Promise<void> {
  const { config, data, metrics, backend, fallbackName, curves, eventsPerSecond, workers = 1 } = run;
  if (metrics) process.stdout.write(`\n${metricsTable(metrics)}\n\n`);
  const name = options.name ?? fallbackName;
  const report = {
    command: commandLine(process.argv.slice(2)),
    curves,
    resources: { ...resourcesSoFar(), eventsPerSecond, workers, backend: backend.name },
  };
  const summary = { name, config, data, metrics, backend: backend.name, report };
  const folder = await writeVersion(userPath(options.out), model, summary);
  if (options.publish) await publishVersion(folder, options.publish);
  process.stdout.write(`${folder}\n`);
}

/** A full-batch run's iteration as the report draws it; the seconds are those since `started`, in ms of `performance.now`. */
export function pointOf(
  iteration: number,
  cost: number,
  { learningRate, started }: { learningRate: number; started: number },
): EpochReport {
  const seconds = (performance.now() - started) / 1000;
  return { phase: 'final', epoch: iteration + 1, trainLoss: cost, learningRate, seconds };
}

/** What the process has taken so far. */
function resourcesSoFar() {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    wallSeconds: process.uptime(),
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakBytes: maxRSS * 1024,
  };
}

/** A configuration as the manifest keeps it: no local path, no output options, and no words of the data's owner. */
export function manifestConfig(options: Record<string, unknown>): Manifest['config'] {
  const LOCAL = new Set([
    ...['data', 'test', 'out', 'publish', 'name', 'spill', 'memoryGb', 'columns', 'redact'],
    ...['resume', 'checkpointMinutes'],
  ]);
  return Object.fromEntries(
    Object.entries(options)
      .filter(([key, value]) => !LOCAL.has(key) && value !== undefined)
      .map(([key, value]) => {
        const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
        return [key, plain ? value : null];
      }),
  );
}

/** Looks at the nearest folder that exists; nothing is made yet. */
async function checkWritable(out: string): Promise<void> {
  for (let path = out; ; path = dirname(path)) {
    const found = await stat(path).catch(() => undefined);
    if (!found && path !== dirname(path)) continue;
    if (found && !found.isDirectory()) throw new UserError(`--out: ${path} is a file, not a folder`);
    await access(path, constants.W_OK).catch(() => {
      throw new UserError(`--out: ${path} cannot be written to`);
    });
    return;
  }
}

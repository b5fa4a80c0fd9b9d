import { modelNameSchema } from '@pathcast/models/artifacts';
import type { Manifest } from '@pathcast/models/manifest';
import { z } from 'zod';
import { BACKENDS, type Backend, loadBackend } from '../backends/backend.ts';
import { metricsTable } from '../cli/metrics-table.ts';
import { userPath } from '../cli/run.ts';
import type { TrainedModel } from '../export/trained-model.ts';
import { writeVersion } from '../export/version.ts';
import { publishVersion, TARGETS } from '../publish/publish.ts';

/** The options that every training command takes. */
export const outputOptions = {
  name: modelNameSchema.optional().describe('name of the artifact (the model)'),
  out: z.string().default('models/artifacts').describe('folder of artifacts'),
  publish: z.enum(TARGETS).optional().describe('also publish it: local or r2'),
  backend: z.enum(BACKENDS).default('auto').describe('auto, cuda, native or wasm'),
  seed: z.coerce.number().int().min(0).max(0xffff_ffff).default(1).describe('one seed, one model'),
};

/** Loads the backend and says which, and for `auto` why not a better one. */
export async function announceBackend(choice: (typeof BACKENDS)[number]): Promise<Backend> {
  const backend = await loadBackend(choice);
  process.stdout.write(`  backend   ${backend.name}\n`);
  for (const reason of backend.passedOver) process.stdout.write(`            ${reason}\n`);
  return backend;
}

/** Shows the metrics, writes the version, publishes it where asked, and prints the version's folder last. */
export async function finishRun(
  model: TrainedModel,
  run: Pick<Manifest, 'config' | 'data' | 'metrics'> & { backend: Backend; fallbackName: string },
  options: { name?: string | undefined; out: string; publish?: (typeof TARGETS)[number] | undefined },
): Promise<void> {
  const { config, data, metrics, backend, fallbackName } = run;
  if (metrics) process.stdout.write(`\n${metricsTable(metrics)}\n\n`);
  const name = options.name ?? fallbackName;
  const summary = { name, config, data, metrics, backend: backend.name };
  const folder = await writeVersion(userPath(options.out), model, summary);
  if (options.publish) await publishVersion(folder, options.publish);
  process.stdout.write(`${folder}\n`);
}

/** A configuration as the manifest keeps it: no local path, no output options. */
export function manifestConfig(options: Record<string, unknown>): Manifest['config'] {
  const LOCAL = new Set(['data', 'test', 'out', 'publish', 'name']);
  return Object.fromEntries(
    Object.entries(options)
      .filter(([key]) => !LOCAL.has(key))
      .map(([key, value]) => {
        const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
        return [key, plain ? value : null];
      }),
  );
}

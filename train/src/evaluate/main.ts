import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ARTIFACT, modelNameSchema, versionSchema } from '@pathcast/models/artifacts';
import { PackError } from '@pathcast/models/pack/pack';
import { PARTS } from '@pathcast/models/predictor/parts';
import { z } from 'zod';
import { breakdownTable, metricsTable } from '../cli/metrics-table.ts';
import { describeOptions, parseOptions } from '../cli/options.ts';
import { runCommand, userPath } from '../cli/run.ts';
import { dataOptions, dataPath } from '../data/options.ts';
import { currentVersion } from '../export/current-version.ts';
import { UserError } from '../user-error.ts';
import { evaluatePack } from './evaluate-pack.ts';
import { type OpenModel, openModel } from './open-model.ts';

const BREAKDOWNS = {
  history: { key: 'historyLength', title: 'pages before' },
  frequency: { key: 'pageFrequency', title: 'how often training saw the page' },
} as const;

const options = z.strictObject({
  name: modelNameSchema.describe('the name of a model'),
  ...dataOptions,
  artifacts: z.string().default('models/artifacts').describe('folder of artifacts'),
  version: versionSchema.optional().describe('the version to evaluate; the newest'),
  part: z
    .enum(PARTS)
    .optional()
    .describe(`only this: ${PARTS.join(', ')}; all that it has`),
  by: z.enum(['history', 'frequency']).optional().describe('also by history length or page frequency'),
  train: z
    .string()
    .transform(dataPath)
    .optional()
    .describe('the data that it was trained on: shows the baselines too'),
  sample: z.coerce
    .number()
    .int()
    .min(1)
    .max(1e9)
    .optional()
    .describe('sessions to draw at random, for a quick look; all'),
});

await runCommand(async () => {
  const argv = process.argv.slice(2);
  if (argv.length === 0 || argv.includes('--help')) {
    process.stdout.write(`npm run evaluate -- NAME --data PATH\n\n${describeOptions(options, ['name'])}\n`);
    return;
  }
  const { name, artifacts, version, by, ...asked } = parseOptions(argv, options, ['name']);
  const folder = join(userPath(artifacts), name);
  const model = await openFile(join(folder, version ?? (await currentVersion(folder)), ARTIFACT.pack));
  const metrics = await evaluatePack(model, { name, ...asked });
  process.stdout.write(`${metricsTable(metrics, asked.part)}\n`);
  if (!by) return;
  const { key, title } = BREAKDOWNS[by];
  process.stdout.write(`\n${breakdownTable(title, metrics.breakdowns?.[key] ?? [])}\n`);
});

async function openFile(path: string): Promise<OpenModel> {
  const file = await readFile(path).catch(() => {
    throw new UserError(`${path}: no such file`);
  });
  try {
    return await openModel(file);
  } catch (error) {
    if (error instanceof PackError) throw new UserError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

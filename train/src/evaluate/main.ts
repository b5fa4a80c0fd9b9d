import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ARTIFACT, modelNameSchema, versionSchema } from '@pathcast/models/artifacts';
import { openPack, PackError } from '@pathcast/models/pack/pack';
import { TokenIndex } from '@pathcast/models/pack/token-index';
import { createPredictor } from '@pathcast/models/predictor/predictor';
import { UNKNOWN_ID } from '@pathcast/models/vocabulary';
import { z } from 'zod';
import { metricsTable } from '../cli/metrics-table.ts';
import { describeOptions, parseOptions } from '../cli/options.ts';
import { runCommand, userPath } from '../cli/run.ts';
import { dataOptions } from '../data/options.ts';
import { readDataset } from '../data/read.ts';
import { removeUnseen } from '../data/sessions/split.ts';
import { currentVersion } from '../export/current-version.ts';
import { UserError } from '../user-error.ts';
import { evaluatePredictor } from './pack.ts';

const options = z.strictObject({
  name: modelNameSchema.describe('the name of a model'),
  ...dataOptions,
  artifacts: z.string().default('models/artifacts').describe('folder of artifacts'),
  version: versionSchema.optional().describe('the version to evaluate; the newest'),
});

await runCommand(async () => {
  const argv = process.argv.slice(2);
  if (argv.length === 0 || argv.includes('--help')) {
    process.stdout.write(`npm run evaluate -- NAME --data PATH\n\n${describeOptions(options, ['name'])}\n`);
    return;
  }
  const { name, artifacts, version, ...data } = parseOptions(argv, options, ['name']);
  const folder = join(userPath(artifacts), name);
  const pack = await readPack(join(folder, version ?? (await currentVersion(folder)), ARTIFACT.pack));
  if (pack.spec.task !== 'next')
    throw new UserError(`${name} labels characters; it ranks no pages to evaluate`);
  const { sessions } = await readDataset({
    ...data,
    minSupport: data.minSupport ?? 1,
    minVisitors: data.minVisitors ?? 1,
  });
  const tokens = new TokenIndex(pack.tokens);
  const { sessions: known, unseenEvents } = removeUnseen(
    sessions,
    (page) => tokens.encode(page) !== UNKNOWN_ID,
  );
  if (known.length === 0) throw new UserError(`${name} knows no page of ${data.data}: nothing to score`);
  if (unseenEvents > 0) {
    process.stdout.write(
      `  ${unseenEvents.toLocaleString('en')} events of pages that it does not know left out\n`,
    );
  }
  const ranking = evaluatePredictor(createPredictor(pack), known);
  process.stdout.write(`${metricsTable({ on: 'test', model: ranking, baselines: {} })}\n`);
});

async function readPack(path: string) {
  const bytes = await readFile(path).catch(() => {
    throw new UserError(`${path}: no such file`);
  });
  try {
    return openPack(new Uint8Array(bytes));
  } catch (error) {
    if (error instanceof PackError) throw new UserError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

import { join } from 'node:path';
import { modelNameSchema, versionSchema } from '@pathcast/models/artifacts';
import { z } from 'zod';
import { describeOptions, parseOptions } from '../cli/options.ts';
import { runCommand, userPath } from '../cli/run.ts';
import { currentVersion } from '../export/current-version.ts';
import { publishVersion, TARGETS } from './publish.ts';

const options = z.strictObject({
  name: modelNameSchema.describe('the name of a model'),
  to: z.enum(TARGETS, { error: 'must be local or r2' }).describe('local or r2'),
  artifacts: z.string().default('models/artifacts').describe('folder of artifacts'),
  version: versionSchema.optional().describe('the version to publish; the newest'),
});

await runCommand(async () => {
  const argv = process.argv.slice(2);
  if (argv.length === 0 || argv.includes('--help')) {
    process.stdout.write(`npm run publish -- NAME --to local|r2\n\n${describeOptions(options, ['name'])}\n`);
    return;
  }
  const { name, to, artifacts, version } = parseOptions(argv, options, ['name']);
  const folder = join(userPath(artifacts), name);
  await publishVersion(join(folder, version ?? (await currentVersion(folder))), to);
});

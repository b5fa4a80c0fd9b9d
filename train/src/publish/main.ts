import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelNameSchema, pointerSchema, versionSchema } from '@pathcast/models/artifacts';
import { z } from 'zod';
import { describeOptions, parseOptions } from '../cli/options.ts';
import { runCommand, userPath } from '../cli/run.ts';
import { UserError } from '../user-error.ts';
import { publishVersion, TARGETS } from './publish.ts';

const options = z.strictObject({
  name: modelNameSchema,
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

async function currentVersion(folder: string): Promise<string> {
  const path = join(folder, 'current.json');
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UserError(`${path}: no such file; train the model first`);
  });
  try {
    return pointerSchema.parse(JSON.parse(text)).version;
  } catch (error) {
    throw new UserError(`${path}: not a pointer to a version`, { cause: error });
  }
}

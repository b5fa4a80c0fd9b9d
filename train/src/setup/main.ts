import { z } from 'zod';
import { describeOptions, parseOptions } from '../cli/options.ts';
import { runCommand } from '../cli/run.ts';
import { LIBRARIES } from './plan.ts';
import { setUp } from './setup.ts';

const options = z.strictObject({
  backend: z.enum(['cuda', 'native']).describe('cuda or native'),
  libraries: z
    .enum(LIBRARIES)
    .default('auto')
    .describe("auto: by this machine; cuda: NVIDIA's too, as for an image that is built without a GPU; cpu"),
  force: z.boolean().default(false).describe('anew, whatever is there'),
});

/** `npm run setup:cuda`, `npm run setup:native`. */
await runCommand(async () => {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) {
    process.stdout.write(
      `npm run setup:cuda, npm run setup:native\n\n${describeOptions(options, ['backend'])}\n`,
    );
    return;
  }
  const { backend, libraries, force } = parseOptions(argv, options, ['backend']);
  await setUp(backend, { libraries, isForced: force });
});

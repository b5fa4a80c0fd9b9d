import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { readable } from './cli/describe-data.ts';
import { userPath } from './cli/run.ts';
import { showReading } from './cli/show-reading.ts';
import { dataOptions } from './data/options.ts';
import { STAGES, writeStage } from './data/read.ts';
import { UserError } from './user-error.ts';

export const prepareOptions = z.strictObject({
  ...dataOptions,
  to: z
    .enum(STAGES)
    .default('sessions')
    .describe('requests, for a cluster to cut into sessions, or sessions'),
  out: z.string().transform(userPath).describe('Parquet file to write'),
});

/** `npm run train -- prepare`: writes data as Parquet, whole or not at all, and prints the file. */
export async function prepare({ to, out, ...options }: z.infer<typeof prepareOptions>): Promise<void> {
  if (existsSync(out)) throw new UserError(`--out: ${out} exists already`);
  if (!existsSync(dirname(out))) throw new UserError(`--out: ${dirname(out)}: no such folder`);
  const unfinished = `${out}.unfinished-${process.pid}`;
  try {
    const rows = await showReading(options.data, () => writeStage(options, to, unfinished));
    await rename(unfinished, out);
    process.stdout.write(
      `  ${readable(rows)} ${to === 'requests' ? 'requests' : 'events of sessions'}\n${out}\n`,
    );
  } finally {
    await rm(unfinished, { force: true });
  }
}

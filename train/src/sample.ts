import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ROOT, userPath } from './cli/run.ts';
import { sampleSessions } from './data/sample-site.ts';

export const sampleOptions = z.strictObject({
  out: z.string().optional().describe('file to write (.cache/sample/sessions.txt)'),
  sessions: z.coerce.number().int().min(2).max(1e7).default(6000).describe('how many'),
  seed: z.coerce.number().int().min(0).max(0xffff_ffff).default(1).describe('one seed, one file'),
});

/** `npm run train -- sample`: writes the sample site's sessions, and prints the file. */
export async function writeSample({ out, sessions, seed }: z.infer<typeof sampleOptions>): Promise<void> {
  const path = out === undefined ? join(ROOT, '.cache', 'sample', 'sessions.txt') : userPath(out);
  const lines = sampleSessions({ sessions, seed }).map((session) => `${session.join(' ')}\n`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, lines.join(''));
  process.stdout.write(`${path}\n`);
}

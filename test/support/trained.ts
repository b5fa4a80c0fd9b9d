import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestSchema } from '@pathcast/models/manifest';
import { openModel } from '@pathcast/train/evaluate/open-model';
import { runScript } from './cli.ts';
import { temporaryFolder } from './folder.ts';

/** `npm run train -- …`, given in a folder. */
export const train = (args: readonly string[], cwd?: string) => runScript('train/src/main.ts', args, cwd);

/** A site whose next page depends on the page before the last: a Markov chain can do no better than chance. */
const SECOND_ORDER = Array.from({ length: 60 }, (_, i) =>
  i % 2 === 0 ? '/a /hub /x /a /hub /x /a /hub /x' : '/b /hub /y /b /hub /y /b /hub /y',
).join('\n');

/** A folder with that site's 60 sessions of 9 pages in `log.txt`. */
export async function siteFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'log.txt'), SECOND_ORDER);
  return folder;
}

/** Opens the version whose folder a run printed last, in the kernel that the edge runs. */
export async function openVersion(stdout: string) {
  const folder = stdout.trim().split('\n').at(-1) ?? '';
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  const { predictor } = await openModel(await readFile(join(folder, 'pack.safetensors')));
  return { folder, manifest, predictor };
}

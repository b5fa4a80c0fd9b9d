import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MODEL_NAME } from '@pathcast/models/artifacts';
import { UserError } from './command.ts';
import { ARTIFACTS, ROOT } from './paths.ts';
import { runChild } from './run-child.ts';

/** A model that the first start trains: the arguments of `npm run train`. */
interface Sample {
  readonly name: string;
  readonly train: () => Promise<readonly string[]>;
}

export const SAMPLES: readonly Sample[] = [
  { name: 'hihello', train: async () => ['hihello', '--backend', 'wasm'] },
  {
    name: 'navigation',
    train: async () => ['navigation', '--backend', 'wasm', '--data', await writeSessions()],
  },
];

/** The models on disk, sorted. */
export async function trainedModels(): Promise<string[]> {
  const names = await readdir(ARTIFACTS).catch(() => []);
  return names
    .filter((name) => MODEL_NAME.test(name) && existsSync(join(ARTIFACTS, name, 'current.json')))
    .sort();
}

/** Trains a sample and publishes it to the local R2, showing its progress. @throws UserError when it fails. */
export async function trainSample({ name, train }: Sample): Promise<void> {
  const args = [...tsx('train/src/main.ts'), ...(await train()), '--publish', 'local'];
  await runChild({ what: `training ${name}`, args, isShown: true });
}

/** Copies a model's current version from disk to the local R2. @throws UserError when it fails. */
export async function publishLocally(name: string): Promise<void> {
  const args = [...tsx('train/src/publish/main.ts'), name, '--to', 'local'];
  await runChild({ what: `publishing ${name}`, args });
}

/** Generates the sample site's sessions. @returns the file. */
async function writeSessions(): Promise<string> {
  const output = await runChild({
    what: 'generating the sample sessions',
    args: [...tsx('train/src/main.ts'), 'sample'],
  });
  const path = output.trim().split('\n').at(-1);
  if (!path) throw new UserError('generating the sample sessions printed no path');
  return path;
}

function tsx(script: string): string[] {
  return ['--import', 'tsx', join(ROOT, script)];
}

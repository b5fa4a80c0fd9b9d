import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readSetup, setupFolder } from '@pathcast/train/backends/installed';
import { describe, onTestFinished } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
let made = 0;

/** Tests of the real `@tensorflow/tfjs-node-gpu`: skipped, and saying so, where `npm run setup:cuda` was not run. */
export const describeCuda = readSetup('cuda')
  ? describe
  : (title: string, tests: () => void) => describe.skip(`${title} (npm run setup:cuda makes it run)`, tests);

/** A folder for `PATHCAST_BACKENDS`, empty, that is gone after the test. */
export async function backendsFolder(): Promise<string> {
  const folder = join(ROOT, '.cache', `test-backends-${process.pid}-${made++}`);
  await mkdir(folder, { recursive: true });
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** As {@link backendsFolder}, with a copy of what was set up for CUDA, to be broken; TensorFlow itself is linked to. */
export async function copyOfCuda(): Promise<{ backends: string; packageFolder: string }> {
  const backends = await backendsFolder();
  const copy = join(backends, 'cuda');
  const isPython = (path: string) => path === join(setupFolder('cuda'), 'python');
  await cp(setupFolder('cuda'), copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !isPython(path),
  });
  await symlink(join(setupFolder('cuda'), 'python'), join(copy, 'python'));
  return { backends, packageFolder: join(copy, 'node_modules/@tensorflow/tfjs-node-gpu') };
}

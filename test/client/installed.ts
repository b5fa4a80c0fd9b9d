import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildClient } from '../../client/build.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

const execute = promisify(execFile);

/** npm with no settings of the run that started the tests. */
function npm(folder: string, ...args: string[]) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  return execute('npm', args, { cwd: folder, env, shell: process.platform === 'win32' });
}

/** Builds and packs the package, and installs it in an empty folder, as a site would. @returns the tarball's path. */
export async function installPackage(folder: string): Promise<string> {
  await buildClient();
  await npm(join(ROOT, 'client'), 'pack', '--ignore-scripts', '--pack-destination', folder);
  await writeFile(join(folder, 'package.json'), '{"type":"module","private":true}');
  await npm(folder, 'install', '--offline', '--no-audit', '--no-fund', './pathcast-0.1.0.tgz');
  return join(folder, 'pathcast-0.1.0.tgz');
}

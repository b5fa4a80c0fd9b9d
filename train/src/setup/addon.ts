import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { PACKAGES } from '../backends/installed.ts';
import type { Plan } from './plan.ts';
import { run } from './run.ts';

/**
 * Installs tfjs's package into a folder of its own, below the workspace.
 * @param withScripts lets it fetch its own TensorFlow and addon.
 * @returns the package's folder.
 */
export async function installPackage(
  plan: Plan,
  { folder, log, withScripts }: { folder: string; log: string; withScripts: boolean },
): Promise<string> {
  await rm(join(folder, 'node_modules'), { recursive: true, force: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const how = ['--no-audit', '--no-fund', '--no-package-lock', ...(withScripts ? [] : ['--ignore-scripts'])];
  await run('npm', ['install', ...how, `${PACKAGES[plan.name]}@${plan.version}`], { cwd: folder, log });
  const packageFolder = join(folder, 'node_modules', PACKAGES[plan.name]);
  // Its copies of tfjs go: above the folder lie the workspace's, of the same version, and two in one process quarrel.
  for (const name of await readdir(dirname(packageFolder))) {
    const path = join(dirname(packageFolder), name);
    if (path !== packageFolder) await rm(path, { recursive: true });
  }
  return packageFolder;
}

/**
 * Builds the addon from the package's own sources against TensorFlow's libraries. These are linked to, as folders: where they are
 * looks for NVIDIA's beside it.
 * @param tensorflow the folder of its libraries, with `include` in it.
 */
export async function buildAddon(packageFolder: string, tensorflow: string, log: string): Promise<void> {
  const deps = join(packageFolder, 'deps');
  await rm(deps, { recursive: true, force: true });
  await mkdir(deps);
  const there = relative(deps, tensorflow); // so that the folder can be moved
  await symlink(there, join(deps, 'lib'));
  await symlink(join(there, 'include'), join(deps, 'include'));
  // Node's own headers, where they came with it; else node-gyp fetches them.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const build = ['node-pre-gyp', 'install', '--build-from-source', ...headers];
  await run('npm', ['exec', '--no', '--', ...build], { as: 'building the addon', cwd: packageFolder, log });
}

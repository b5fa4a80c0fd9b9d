import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { BUILT, ROOT } from './paths.ts';
import { runChild } from './run-child.ts';

interface Build {
  readonly workspace: string;
  /** What it writes, from the root. */
  readonly output: string;
  /** What it is made from, from the root. */
  readonly sources: readonly string[];
}

/** In order: the playground is made from the built client. */
const BUILDS: readonly Build[] = [
  {
    workspace: 'client',
    output: 'client/dist/index.js',
    sources: ['models/src', 'client/src', 'client/build.ts'],
  },
  {
    workspace: 'worker',
    output: relative(ROOT, BUILT.worker),
    sources: [
      'models/src',
      'models/kernel',
      'client/dist',
      'worker/src',
      'worker/playground',
      'wrangler.toml',
      'package-lock.json',
    ],
  },
];

/** Builds the client and the Worker where they are missing or older than a source. @returns whether it built. */
export async function ensureBuilt(): Promise<boolean> {
  let hasBuilt = false;
  for (const { workspace, output, sources } of BUILDS) {
    const times = await Promise.all(sources.map((path) => newest(join(ROOT, path))));
    if ((await newest(join(ROOT, output))) > Math.max(...times)) continue;
    const args = [npmScript(), 'run', '--silent', 'build', '-w', workspace];
    await runChild({ what: `building the ${workspace}`, args });
    hasBuilt = true;
  }
  return hasBuilt;
}

/** When a file, or the newest file of a folder, was last written: ms; 0 when there is none. */
async function newest(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  const names = await readdir(path);
  const times = await Promise.all(names.map((name) => newest(join(path, name))));
  return Math.max(0, ...times);
}

/** npm's own script: what started this process, else the one beside node. */
function npmScript(): string {
  const beside = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  const onWindows = join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js');
  return process.env.npm_execpath ?? (existsSync(beside) ? beside : onWindows);
}

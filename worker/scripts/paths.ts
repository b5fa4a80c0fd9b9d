import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** The repository's root. */
export const ROOT = resolve(import.meta.dirname, '../..');

export const WRANGLER_CONFIG = join(ROOT, 'wrangler.toml');

/** Where trained versions lie unless a command says otherwise. */
export const ARTIFACTS = join(ROOT, 'models/artifacts');

/** What the build makes: the Worker's module, and the files at `/`. */
export const BUILT = {
  worker: join(ROOT, 'worker/dist/worker/index.js'),
  assets: join(ROOT, 'worker/dist/assets'),
} as const;

const WRANGLER = createRequire(import.meta.url).resolve('wrangler/package.json');

/** Wrangler's own script, for node: a child of `npx` would outlive it. */
export const WRANGLER_SCRIPT = resolve(WRANGLER, '../bin/wrangler.js');

/** Where the local R2 lives: state written by one wrangler version crashes another, so each has its own. */
export function localStatePath(): string {
  const { version } = createRequire(import.meta.url)(WRANGLER) as { version: string }; // every package.json has one
  return join(ROOT, '.cache', `wrangler-${version}`);
}

/** Resolves a path that a user wrote against the folder they wrote it in, which npm puts in `INIT_CWD`. */
export function userPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { build } from 'esbuild';

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
const WORKERS = join(import.meta.dirname, 'pages/workers');
const PAGE =
  '<!doctype html><title>fixture</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>';

/** A page that is being served. */
export interface ServedPage {
  /** With a trailing slash. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Bundles a script of `pages/` as a site's own bundler would, and serves it on a page of another origin than the API's.
 *
 * The page is in every folder: below `/NAME/` the script of the fine-tuning worker is `pages/workers/NAME.ts`, below any
 * other there is none. `?csp=POLICY` puts the page under a policy.
 */
export async function startPage(script: string): Promise<ServedPage> {
  const folder = await mkdtemp(join(tmpdir(), 'pathcast-page-'));
  await bundle(script, folder);
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const isPage = pathname.endsWith('/');
    const body = isPage ? PAGE : await read(folder, pathname);
    const type = TYPES[isPage ? '.html' : extname(pathname)] ?? 'text/plain';
    const policy = searchParams.get('csp');
    response
      .writeHead(body === undefined ? 404 : 200, {
        'content-type': type,
        'access-control-allow-origin': '*', // for a page that has no origin
        ...(policy && { 'content-security-policy': policy }),
      })
      .end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the fixture server has no address');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function bundle(script: string, folder: string): Promise<void> {
  const workers = (await readdir(WORKERS)).map((name) => [
    `${basename(name, '.ts')}/fine-tune-worker`,
    join(WORKERS, name),
  ]);
  await build({
    entryPoints: { page: join(import.meta.dirname, 'pages', script), ...Object.fromEntries(workers) },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    tsconfig: join(import.meta.dirname, 'tsconfig.json'),
    loader: { '.wasm': 'binary' },
    logLevel: 'error',
  });
}

/** A worker's script is its folder's own; all else is the same everywhere. */
function read(folder: string, pathname: string): Promise<Buffer | undefined> {
  const isWorker = pathname.endsWith('/fine-tune-worker.js');
  return readFile(join(folder, isWorker ? pathname : basename(pathname))).catch(() => undefined);
}

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

/**
 * Bundles a script of `pages/` as a site's own bundler would, and serves it on a page of another origin than the API's.
 * `?csp=` gives the page a policy. Stops after the file's tests. @returns the page's URL.
 */
export async function serveFixturePage(script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pathcast-page-'));
  await build({
    entryPoints: { page: join(import.meta.dirname, 'pages', script) },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    tsconfig: join(import.meta.dirname, 'tsconfig.json'),
    loader: { '.wasm': 'binary' },
    logLevel: 'error',
  });
  const page =
    '<!doctype html><title>fixture</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const name = pathname === '/' ? '.html' : pathname.slice(1);
    const body = pathname === '/' ? page : await readFile(join(folder, name)).catch(() => undefined);
    response
      .writeHead(body ? 200 : 404, {
        'content-type': TYPES[extname(name) || name] ?? 'text/plain',
        'access-control-allow-origin': '*', // for a page that has no origin
        'content-security-policy': searchParams.get('csp') ?? '',
      })
      .end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the fixture server has no address');
  return `http://127.0.0.1:${address.port}/`;
}

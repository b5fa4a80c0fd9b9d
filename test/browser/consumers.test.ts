import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Server } from '@pathcast/worker/scripts/listening';
import { serve } from '@pathcast/worker/scripts/server';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import webpack from 'webpack';
import { installPackage, ROOT } from '../client/installed.ts';
import { useChromium } from './chrome.ts';

/** What a site writes: a prediction at once, fine-tuning when it is asked for. */
const page = (root: string, fineTune: string) => `
import { createClient, PathcastError } from '${root}';
const client = createClient({ endpoint: new URLSearchParams(location.search).get('api') });
window.answer = client.next({ history: ['/'], top: 3 });
window.tune = async () => {
  const { fineTune } = await import('${fineTune}');
  const refused = await fineTune({ client }).next().catch((error) => error);
  let last;
  let told = 0;
  for await (last of fineTune({ client, pairs: [['hihell', 'hihell']], steps: 2, backend: 'cpu' })) told++;
  return { told, steps: last.steps, thread: last.thread, isOurs: refused instanceof PathcastError };
};
`;
const html = (script: string) =>
  `<!doctype html><title>a shop</title><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;

/** Each makes a site of \`folder\`, where the package is installed, and says where the site lies. */
const CONSUMERS: Record<string, (folder: string) => Promise<string>> = {
  async vite(folder) {
    const outDir = join(folder, 'vite');
    await writeFile(join(folder, 'index.html'), html('/main.js'));
    await writeFile(join(folder, 'main.js'), page('pathcast', 'pathcast/fine-tune'));
    await vite({ root: folder, configFile: false, logLevel: 'error', build: { outDir } });
    return outDir;
  },
  async webpack(folder) {
    const path = join(folder, 'webpack');
    await writeFile(join(folder, 'main.js'), page('pathcast', 'pathcast/fine-tune'));
    const stats = await new Promise<webpack.Stats | undefined>((done, fail) => {
      const options: webpack.Configuration = {
        context: folder,
        mode: 'production',
        entry: './main.js',
        output: { path, publicPath: '/' },
        performance: false,
      };
      webpack(options, (error, stats) => (error ? fail(error) : done(stats)));
    });
    expect(stats?.toJson({ all: false, errors: true, warnings: true })).toMatchObject({
      errors: [],
      warnings: [],
    });
    await writeFile(join(path, 'index.html'), html('/main.js'));
    return path;
  },
  async 'no bundler'(folder) {
    const path = join(folder, 'plain');
    await cp(join(folder, 'node_modules/pathcast/dist/browser'), join(path, 'pathcast'), { recursive: true });
    await writeFile(join(path, 'index.html'), html('/main.js'));
    await writeFile(join(path, 'main.js'), page('./pathcast/pathcast.js', './pathcast/fine-tune.js'));
    return path;
  },
};

let api: Server;
let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'pathcast-consumers-')));
  [api] = await Promise.all([serve({ artifacts: inject('artifacts') }), installPackage(folder)]);
  // The optional peers, which cannot be installed without a network.
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await symlink(join(ROOT, 'node_modules/@tensorflow'), join(folder, 'node_modules/@tensorflow'), 'junction');
});
afterAll(async () => {
  await api?.stop();
  await rm(folder, { recursive: true, force: true });
});

const chromium = useChromium();
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

/** Serves a folder until the test ends. @returns its address, and the scripts that were asked for so far. */
async function serveSite(site: string): Promise<{ url: string; scripts: Map<string, string> }> {
  const scripts = new Map<string, string>();
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://site');
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    const body = await readFile(join(site, name), 'utf8').catch(() => undefined);
    if (body && name.endsWith('.js')) scripts.set(name, body);
    response
      .writeHead(body ? 200 : 404, {
        'content-type': TYPES[extname(name)] ?? 'text/plain',
        // Nothing of ours is evaluated, or run from a string.
        'content-security-policy': `script-src 'self'; connect-src 'self' ${api.url}`,
      })
      .end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the site has no address');
  return { url: `http://127.0.0.1:${address.port}/`, scripts };
}

describe.each(Object.entries(CONSUMERS))('a site built with %s', (_, buildSite) => {
  it('predicts with a few kB, and loads tfjs only to fine-tune', async () => {
    const site = await buildSite(folder);
    const { url, scripts } = await serveSite(site);
    const { page, complaints } = await chromium.open();
    await page.goto(`${url}?api=${encodeURIComponent(api.url)}`);
    await page.waitForFunction(() => 'answer' in window);
    const { next } = await page.evaluate(() => Reflect.get(window, 'answer'));
    expect(next).toHaveLength(3);

    const initial = [...scripts.values()];
    expect(initial.join('\n')).not.toMatch(/tensorflow|tfjs|WEBGL_|indexedDB/);
    const bytes = initial.reduce((sum, code) => sum + gzipSync(code, { level: 9 }).length, 0);
    // The root, its bundler's loader, and the site's own lines.
    expect.soft(bytes).toBeLessThan(3200);

    const tuned = await page.evaluate(() => Reflect.get(window, 'tune')());
    expect(tuned).toEqual({ told: 3, steps: 2, thread: 'worker', isOurs: true });
    const later = [...scripts.values()].slice(initial.length);
    expect(later.join('\n')).toMatch(/FusedConv2D/); // a kernel of tfjs's
    expect(complaints).toEqual([]);
  });
});

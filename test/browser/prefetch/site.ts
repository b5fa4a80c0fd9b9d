import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { PrefetchConfig } from '../pages/prefetch.ts';

export interface SiteRequest {
  readonly path: string;
  /** `prefetch`, `prefetch;prerender`, or empty. */
  readonly purpose: string;
  /** Of the API's requests. */
  readonly body: string;
}

/** How the site answers; each test sets what it needs. */
interface Behaviour {
  config: PrefetchConfig;
  /** What may follow each page, by the page asked from; probabilities by page. */
  next: Record<string, Record<string, number>>;
  thresholds: object[] | undefined;
  version: string;
  policy: string | undefined;
  caching: string;
  /** Of a page's answer, in ms. */
  delayMs: number;
  /** What a page holds besides, by path. */
  html: Record<string, string>;
  /** Answers the API's requests in place of the contract. */
  api: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}

const DEFAULTS: Behaviour = {
  config: {},
  next: {},
  thresholds: [
    { threshold: 0.1, wasted: 1.2 },
    { threshold: 0.2, wasted: 0.5 },
    { threshold: 0.4, wasted: 0.25 },
    { threshold: 0.6, wasted: 0.1 },
  ],
  version: '20260101000000',
  policy: undefined,
  caching: 'no-store',
  delayMs: 0,
  html: {},
  api: undefined,
};

/** A site of any path whose pages start prefetching, and an API in the contract's form, on one loopback server. */
export function useSite() {
  const site = { ...DEFAULTS, url: '', requests: [] as SiteRequest[] };
  const scripts = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const purpose = String(request.headers['sec-purpose'] ?? '');
    site.requests.push({ path: request.url ?? '', purpose, body });
    const script = scripts.get(pathname);
    if (script !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    else if (pathname === '/favicon.ico') response.writeHead(204).end();
    else if (pathname.startsWith('/v1/')) (site.api ?? answerApi)(request, response, body);
    else answerPage(pathname, response);
  });

  function answerApi(request: IncomingMessage, response: ServerResponse, body = ''): void {
    response.setHeader('content-type', 'application/json');
    if (request.url?.endsWith('/metadata')) {
      const calibration = site.thresholds && { thresholds: site.thresholds };
      response.end(JSON.stringify({ metadata: { manifest: { version: site.version, calibration } } }));
    } else {
      const { instances, top } = JSON.parse(body);
      const ranked = Object.entries(site.next[instances[0].history.at(-1)] ?? {});
      const next = ranked.map(([page, probability]) => ({ page, probability })).slice(0, top);
      response.end(JSON.stringify({ model: 'navigation', version: site.version, predictions: [{ next }] }));
    }
  }

  function answerPage(pathname: string, response: ServerResponse): void {
    const links = Object.keys(site.next[pathname] ?? {}).map((page) => `<a href="${page}">${page}</a>`);
    const html = site.html[pathname] ?? links.join('\n');
    const config = JSON.stringify(site.config);
    const headers = {
      'content-type': 'text/html',
      'cache-control': site.caching,
      ...(site.policy && { 'content-security-policy': site.policy }),
    };
    setTimeout(() => {
      response.writeHead(200, headers).end(
        `<!doctype html><title>${pathname}</title>
        <script type="application/json" id="config">${config}</script>
        <script type="module" src="/page.js"></script><h1>${pathname}</h1>${html}`,
      );
    }, site.delayMs);
  }

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: { page: join(import.meta.dirname, '../pages/prefetch.ts') },
      outdir: '/',
      splitting: true,
      bundle: true,
      format: 'esm',
      target: 'es2022',
      tsconfig: join(import.meta.dirname, '../tsconfig.json'),
      write: false,
    });
    for (const { path, text } of outputFiles) scripts.set(`/${basename(path)}`, text);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    if (typeof address === 'object' && address) site.url = `http://127.0.0.1:${address.port}`;
  });
  beforeEach(() => {
    Object.assign(site, structuredClone({ ...DEFAULTS, api: undefined }));
    site.requests.length = 0;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  return {
    site,
    /** The requests for a page, in order. */
    of: (path: string) => site.requests.filter((request) => request.path === path),
    /** Pages asked for unseen. */
    prefetched: () => site.requests.filter(({ purpose }) => purpose).map(({ path }) => path),
    /** Histories that the API was asked about. */
    histories: () =>
      site.requests
        .filter(({ path }) => path.endsWith(':predict'))
        .map(({ body }): string[] => JSON.parse(body).instances[0].history),
  };
}

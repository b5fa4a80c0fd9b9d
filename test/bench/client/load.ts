import { createServer, type ServerResponse } from 'node:http';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { CHROMIUM_FLAGS, ensureChromium } from '../../chromium.ts';
import { median, ROOT } from '../measure.ts';
import { atMost, type Bench, figure, near } from '../report.ts';

/** What the page's server takes to answer. */
const PAGE_MS = 300;
const TURNS = 15;

/** The site's script: its API is on the same server. */
const SCRIPT = `
  import { createClient } from './client/src/index.ts';
  import { startPrefetch } from './client/src/prefetch.ts';
  addEventListener('click', () => sessionStorage.setItem('clicked', Date.now()), true);
  if (document.cookie.includes('prefetch')) startPrefetch(createClient({ endpoint: location.origin }));`;

/** Run in the page, once it has loaded: the time since the click, on the one clock of both documents. */
const CLICK_TO_LOAD = `(async () => {
  const [timing] = performance.getEntriesByType('navigation');
  while (!timing.loadEventEnd) await new Promise((soon) => setTimeout(soon, 5));
  return performance.timeOrigin + timing.loadEventEnd - sessionStorage.getItem('clicked');
})()`;

/** From the click on a link to the load of its page, in Chromium, with the page fetched ahead and without, in turns. */
export const load: Bench = {
  title: `A click on a page that takes ${PAGE_MS} ms, in headless Chromium: fetched ahead, and not`,
  async run() {
    const site = await startSite();
    const browser = await chromium.launch({
      executablePath: await ensureChromium(),
      args: [...CHROMIUM_FLAGS],
    });
    try {
      const ms = { with: [] as number[], without: [] as number[] };
      const requests = { with: 0, without: 0 };
      for (let turn = -1; turn < TURNS; turn++) {
        for (const way of ['with', 'without'] as const) {
          site.requests.length = 0;
          const took = await clickToLoad(browser, site.url, way === 'with');
          if (turn < 0) continue; // the first of each warms up
          ms[way].push(took);
          requests[way] += site.requests.length;
        }
      }
      const [fetched, plain] = [median(ms.with), median(ms.without)];
      return [
        figure('click to load, not prefetched', plain, 'ms'),
        figure('click to load, prefetched', fetched, 'ms'),
        atMost('prefetched against not', fetched / plain, 0.25, 'times'),
        near('requests for the page a click, prefetched', requests.with / TURNS, 1, 0),
        near('requests for the page a click, not prefetched', requests.without / TURNS, 1, 0),
      ];
    } finally {
      await browser.close();
      site.stop();
    }
  },
};

/** In a profile of its own, so that nothing is cached. @returns ms. */
async function clickToLoad(browser: Browser, url: string, prefetches: boolean): Promise<number> {
  const context = await browser.newContext();
  try {
    if (prefetches) await context.addCookies([{ name: 'prefetch', value: '1', url }]);
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForTimeout(PAGE_MS + 700); // as long as a visitor reads, in both
    await page.click('a');
    await page.waitForURL('**/next', { waitUntil: 'load' });
    return await page.evaluate<number>(CLICK_TO_LOAD);
  } finally {
    await context.close();
  }
}

/** Two pages, an API in the contract's form, and the requests for the second page. */
async function startSite() {
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const script = outputFiles[0]?.text ?? '';
  const version = '20260101000000';
  const json = (response: ServerResponse, body: object) => response.end(JSON.stringify(body));
  const html = (response: ServerResponse, body: string) =>
    response
      .setHeader('content-type', 'text/html')
      .setHeader('cache-control', 'no-store')
      .end(`<!doctype html><title>page</title><script type="module" src="/page.js"></script>${body}`);
  const requests: string[] = [];
  const server = createServer(({ url = '/' }, response) => {
    if (url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else if (url.endsWith('/metadata')) {
      const calibration = { thresholds: [{ threshold: 0.4, wasted: 0.25 }] };
      json(response, { metadata: { manifest: { version, calibration } } });
    } else if (url.endsWith(':predict')) {
      const next = [{ page: '/next', probability: 0.7 }];
      json(response, { model: 'navigation', version, predictions: [{ next }] });
    } else if (url === '/next') {
      requests.push(url);
      setTimeout(() => html(response, '<h1>next</h1>'), PAGE_MS);
    } else if (url === '/') html(response, '<a href="/next">next</a>');
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the server has no address');
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${address.port}`, requests, stop };
}

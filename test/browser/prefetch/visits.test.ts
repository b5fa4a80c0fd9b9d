import { nextResponseSchema } from '@pathcast/models/api';
import { serve } from '@pathcast/worker/scripts/server';
import type { Page } from 'playwright-core';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { useChromium } from '../chrome.ts';
import { useSite } from './site.ts';

const chromium = useChromium();
const { site, of, prefetched, histories } = useSite();

const settle = (page: Page) => page.waitForTimeout(600);
const push = (page: Page, path: string) => page.evaluate((path) => history.pushState(null, '', path), path);

describe('a visit', () => {
  it('is the tab’s own, without reloads and places within a page', async () => {
    const { page } = await chromium.open();
    const asked: string[][] = [];
    const expectNext = (...history: string[]) => {
      asked.push(history);
      return expect.poll(histories).toEqual(asked);
    };
    await page.goto(`${site.url}/index.html`);
    await expectNext('/');
    await page.goto(`${site.url}/a/?utm_source=x`);
    await expectNext('/', '/a');
    await page.reload();
    await expectNext('/', '/a');
    await page.evaluate(() => {
      location.hash = 'part';
    });
    await page.goto(`${site.url}/b/index.php`);
    await expectNext('/', '/a', '/b');
    const other = await page.context().newPage();
    await other.goto(`${site.url}/c`);
    await expect.poll(histories).toContainEqual(['/c']);
  });

  it('ends after half an hour of silence', async () => {
    const { page } = await chromium.open();
    /** As if so many minutes had passed since the last page. */
    const wait = (minutes: number) =>
      page.evaluate((minutes) => {
        const [at, visit] = JSON.parse(sessionStorage.pathcast);
        sessionStorage.pathcast = JSON.stringify([at - minutes * 60_000, visit]);
      }, minutes);
    await page.goto(site.url);
    await expect.poll(histories).toEqual([['/']]);
    await wait(29);
    await page.goto(`${site.url}/a`);
    await expect.poll(histories).toEqual([['/'], ['/', '/a']]);
    await wait(31);
    await page.goto(`${site.url}/b`);
    await expect.poll(histories).toEqual([['/'], ['/', '/a'], ['/b']]);
  });

  it('counts a prerendered page once it is shown', async () => {
    site.next = { '/': { '/a': 0.9 } };
    site.config = { prerenderAbove: 0.8 };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(() => of('/a')).toHaveLength(1);
    await settle(page);
    expect(histories()).toEqual([['/']]);
    await page.click('a[href="/a"]');
    await expect.poll(histories).toEqual([['/'], ['/', '/a']]);
    expect(of('/a')).toHaveLength(1);
    await page.waitForFunction(() => window.reports.length > 0);
    expect(await page.evaluate(() => window.reports)).toMatchObject([{ fetched: 1, used: 1 }]);
  });

  it.each(['blocked', 'full', 'corrupt', 'of another shape'])(
    'lives on in the document where storage is %s',
    async (fault) => {
      site.next = { '/b': { '/c': 0.7 } };
      const { page, complaints } = await chromium.open();
      await page.addInitScript((fault) => {
        if (fault === 'blocked') {
          Object.defineProperty(window, 'sessionStorage', {
            get: () => {
              throw new DOMException('no', 'SecurityError');
            },
          });
        } else if (fault === 'full') {
          // Filled for real, to the last character.
          for (let size = 5 << 20; size >= 1; size >>= 1) {
            for (let i = 0; i < 3; i++) {
              try {
                sessionStorage.setItem(`${size} ${i}`, 'x'.repeat(size));
              } catch {}
            }
          }
        } else
          sessionStorage.setItem(
            'pathcast',
            fault === 'corrupt' ? '[1,["/a"' : `[${Date.now()},{"pages":5}]`,
          );
      }, fault);
      await page.goto(`${site.url}/a`);
      await expect.poll(histories).toEqual([['/a']]);
      await push(page, '/b');
      await expect.poll(histories).toEqual([['/a'], ['/a', '/b']]);
      await expect.poll(prefetched).toEqual(['/c']);
      expect(complaints).toEqual([]);
    },
  );
});

describe('navigations within a document', () => {
  it.each(['the Navigation API', 'History'])(
    'are pages of the visit, each with rules of its own, by %s',
    async (by) => {
      site.next = { '/': { '/a': 0.7 }, '/a': { '/b': 0.7 }, '/b': { '/c': 0.7 } };
      const { page, complaints } = await chromium.open();
      if (by === 'History') await page.addInitScript(() => Reflect.deleteProperty(window, 'navigation'));
      await page.goto(site.url);
      await expect.poll(prefetched).toEqual(['/a']);
      await push(page, '/a');
      await expect.poll(prefetched).toEqual(['/a', '/b']);
      await page.evaluate(() => history.replaceState(null, '', '/b'));
      await expect.poll(prefetched).toEqual(['/a', '/b', '/c']);
      expect(await page.locator('script[type=speculationrules]').count()).toBe(1);
      await page.evaluate(() => history.back());
      await expect.poll(histories).toEqual([['/'], ['/', '/a'], ['/', '/a', '/b'], ['/', '/a', '/b', '/']]);
      expect(complaints).toEqual([]);
      // The document did not come anew, so that no prefetch of one was used.
      expect((await page.evaluate(() => window.reports)).map(({ used }) => used)).toEqual([0, 0, 0]);
    },
  );

  it('give a router the addresses, and no document is fetched', async () => {
    site.next = { '/': { '/a': 0.7, '/b': 0.5 } };
    site.config = { isRouter: true };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await page.waitForFunction(() => window.predicted.length > 0);
    expect(await page.evaluate(() => window.predicted)).toEqual([[`${site.url}/a`, `${site.url}/b`]]);
    await push(page, '/b');
    await page.waitForFunction(() => window.reports.length > 0);
    expect(await page.evaluate(() => window.reports)).toEqual([
      { predicted: 2, fetched: 2, used: 1, wasted: 1, savedMs: 0 },
    ]);
    expect(prefetched()).toEqual([]);
  });

  it.each(['the Navigation API', 'History'])('are let alone once it is stopped, by %s', async (by) => {
    site.next = { '/': { '/a': 0.7 } };
    const { page } = await chromium.open();
    if (by === 'History') await page.addInitScript(() => Reflect.deleteProperty(window, 'navigation'));
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/a']);
    await page.evaluate(() => window.stop());
    const left = await page.evaluate(() => ({
      rules: document.querySelectorAll('script[type=speculationrules]').length,
      push: history.pushState === History.prototype.pushState,
      replace: history.replaceState === History.prototype.replaceState,
    }));
    expect(left).toEqual({ rules: 0, push: true, replace: true });
    const stored = await page.evaluate(() => sessionStorage.getItem('pathcast'));
    await push(page, '/b');
    await settle(page);
    expect(histories()).toEqual([['/']]);
    expect(await page.evaluate(() => sessionStorage.getItem('pathcast'))).toBe(stored);
  });

  it('leave another’s wrapping of History in place when it is stopped', async () => {
    const { page } = await chromium.open();
    await page.addInitScript(() => Reflect.deleteProperty(window, 'navigation'));
    await page.goto(site.url);
    await expect.poll(histories).toHaveLength(1);
    const stands = await page.evaluate(() => {
      const before = history.pushState;
      const theirs: typeof before = (...state) => before.apply(history, state);
      history.pushState = theirs;
      window.stop();
      return history.pushState === theirs;
    });
    expect(stands).toBe(true);
    await push(page, '/b');
    await settle(page);
    expect(new URL(page.url()).pathname).toBe('/b');
    expect(histories()).toEqual([['/']]);
  });
});

describe('an API at fault', () => {
  it.each([
    ['answers 429', 429, '{}'],
    ['answers nonsense', 200, '{"metadata":{}}'],
    ['answers with no JSON', 200, '<html>'],
    ['answers a table of nonsense', 200, '{"metadata":{"manifest":{"calibration":{"thresholds":[null]}}}}'],
  ])('that %s leaves the page in peace', async (_, status, text) => {
    site.api = (_request, response) => void response.writeHead(status).end(text);
    const { page } = await chromium.open();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    const logged: string[] = [];
    page.on('console', (message) => logged.push(message.text()));
    await page.goto(site.url);
    await settle(page);
    expect(errors).toEqual([]);
    // The browser itself logs that a request failed; nothing of ours does, and no history is in it.
    expect(logged.filter((line) => !line.startsWith('Failed to load resource'))).toEqual([]);
    expect(prefetched()).toEqual([]);
  });

  it('that is not there, or slow while the visitor goes on, leaves the pages in peace', async () => {
    const waiting: (() => void)[] = [];
    site.api = (_request, response) => void waiting.push(() => response.end('{}'));
    const { page } = await chromium.open();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(site.url);
    await expect.poll(() => waiting.length).toBe(1);
    await push(page, '/a');
    await expect.poll(() => waiting.length).toBe(2);
    await page.goto(`${site.url}/b`);
    await expect.poll(() => waiting.length).toBe(3);
    for (const answer of waiting) answer();
    site.config = { endpoint: 'http://127.0.0.1:9' };
    await page.goto(`${site.url}/c`);
    await settle(page);
    expect(errors).toEqual([]);
    expect(JSON.parse(await page.evaluate(() => sessionStorage.pathcast))[1].pages).toEqual([
      '/',
      '/a',
      '/b',
      '/c',
    ]);
  });
});

describe('a visitor’s own model', () => {
  it('is asked in place of the client, told of every page and what was fetched, and moves the threshold', async () => {
    site.next = { '/': { '/a': 0.21, '/b': 0.19 } };
    site.config = { isPersonal: true };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(() => prefetched().sort()).toEqual(['/a', '/own']);
    await push(page, '/b');
    expect(await page.evaluate(() => window.observed)).toEqual([
      { history: [], page: '/', fetched: [], threshold: 0 },
      { history: ['/'], page: '/b', fetched: ['/a', '/own'], threshold: 0.4 },
    ]);
  });
});

describe('the real Worker', () => {
  it('predicts for a page of another origin what is fetched', async () => {
    const api = await serve({ artifacts: inject('artifacts') });
    onTestFinished(() => api.stop());
    const answer = await fetch(`${api.url}/v1/models/navigation/next?page=/shop/tents&top=3`);
    const { next } = nextResponseSchema.parse(await answer.json());
    site.config = { endpoint: api.url, maxWastedFetches: 1000 }; // any threshold that was measured
    const { page, complaints } = await chromium.open();
    await page.goto(`${site.url}/shop/tents`);
    const likeliest = next.map((entry) => entry.page).sort();
    await expect.poll(() => prefetched().sort(), { timeout: 20_000 }).toEqual(likeliest);
    expect(complaints).toEqual([]);
  });
});

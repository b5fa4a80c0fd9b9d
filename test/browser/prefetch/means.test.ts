import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useChromium } from '../chrome.ts';
import { useSite } from './site.ts';

const chromium = useChromium();
const { site, of, prefetched, histories } = useSite();

const settle = (page: Page) => page.waitForTimeout(600);
const inserted = (page: Page) => page.locator('script[type=speculationrules], link[rel=prefetch]');
/** The scripts' own policy; the API is on the same origin. */
const POLICY = "default-src 'self'; script-src 'self'";

/** A browser without speculation rules, as Firefox and Safari are. */
const withoutRules = (page: Page) =>
  page.addInitScript(() => Reflect.deleteProperty(HTMLScriptElement, 'supports'));

describe('a policy of the site', () => {
  it('that forbids rules costs one complaint a visit, and nothing is fetched', async () => {
    site.next = { '/': { '/a': 0.7, '/z': 0.1 }, '/z': { '/b': 0.7 } };
    site.policy = POLICY;
    const { page, complaints } = await chromium.open();
    await page.goto(site.url);
    await settle(page);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain('Content Security Policy');
    await page.click('a[href="/z"]');
    await expect.poll(histories).toHaveLength(2);
    await settle(page);
    expect(await page.evaluate(() => window.reports)).toMatchObject([
      { predicted: 1, fetched: 0, wasted: 0 },
    ]);
    expect(complaints).toHaveLength(1);
    expect(prefetched()).toEqual([]);
    expect(await inserted(page).count()).toBe(0);
  });

  it('that forbids rules leaves links, for pages that browsers may cache', async () => {
    site.next = { '/': { '/a': 0.7 } };
    site.policy = POLICY;
    site.caching = 'max-age=60';
    site.config = { cacheable: '^/a' };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/a']);
    await page.click('a[href="/a"]');
    await page.waitForFunction(() => window.reports.length > 0);
    expect(of('/a')).toHaveLength(1);
    expect(await page.evaluate(() => window.reports)).toMatchObject([{ fetched: 1, used: 1, wasted: 0 }]);
  });

  it.each([
    ['allows inline rules', `${POLICY} 'inline-speculation-rules'`, undefined],
    ['asks for a nonce', `${POLICY} 'nonce-abc123'`, 'abc123'],
  ])('that %s is met', async (_, policy, nonce) => {
    site.next = { '/': { '/a': 0.7 } };
    site.policy = policy;
    site.config = nonce ? { nonce } : {};
    const { page, complaints } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/a']);
    expect(complaints).toEqual([]);
  });

  it('that demands trusted types fetches nothing, and no error reaches the page', async () => {
    site.next = { '/': { '/a': 0.7 } };
    site.policy = "require-trusted-types-for 'script'";
    const { page } = await chromium.open();
    const errors: Error[] = [];
    page.on('pageerror', (error) => errors.push(error));
    await page.goto(site.url);
    await expect.poll(histories).toHaveLength(1);
    await settle(page);
    expect(errors).toEqual([]);
    expect(prefetched()).toEqual([]);
  });
});

describe('a browser without speculation rules', () => {
  it('fetches a cacheable page by a link, once, and opens it from its cache', async () => {
    site.next = { '/': { '/a': 0.7, '/b': 0.65 } };
    site.caching = 'max-age=60';
    site.config = { cacheable: '^/b$' };
    const { page, complaints } = await chromium.open();
    await withoutRules(page);
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/b']);
    await settle(page);
    await page.click('a[href="/b"]');
    await page.waitForFunction(() => window.reports.length > 0);
    expect(of('/b')).toHaveLength(1);
    expect(of('/a')).toHaveLength(0);
    expect(await page.evaluate(() => window.reports)).toMatchObject([
      { predicted: 2, fetched: 1, used: 1, wasted: 0 },
    ]);
    expect(complaints).toEqual([]);
  });

  it('counts as wasted what the browser had to fetch again', async () => {
    site.next = { '/': { '/a': 0.7 } };
    site.config = { cacheable: '.' }; // which it is not: it answers no-store
    const { page } = await chromium.open();
    await withoutRules(page);
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/a']);
    await settle(page);
    await page.click('a[href="/a"]');
    await page.waitForFunction(() => window.reports.length > 0);
    expect(of('/a')).toHaveLength(2);
    expect(await page.evaluate(() => window.reports)).toMatchObject([{ fetched: 1, used: 0, wasted: 1 }]);
  });

  it.each(['names no cacheable page', 'has a browser without links to fetch by'])(
    'fetches nothing where the site %s',
    async (why) => {
      site.next = { '/': { '/a': 0.7 } };
      if (why.startsWith('has')) site.config = { cacheable: '.' };
      const { page } = await chromium.open();
      await withoutRules(page);
      if (why.startsWith('has')) {
        await page.addInitScript(() => {
          DOMTokenList.prototype.supports = () => false;
        });
      }
      await page.goto(site.url);
      await expect.poll(histories).toHaveLength(1);
      await settle(page);
      expect(prefetched()).toEqual([]);
      expect(await inserted(page).count()).toBe(0);
    },
  );
});

describe('prerendering', () => {
  it.each([
    [undefined, []],
    [0.8, ['/a']],
    [0.95, []],
  ])('by opt-in above %s opens %j unseen', async (prerenderAbove, pages) => {
    site.next = { '/': { '/a': 0.9, '/b': 0.6 } };
    site.config = prerenderAbove ? { prerenderAbove } : {};
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(() => inserted(page).count()).toBe(1);
    const rules = JSON.parse((await inserted(page).textContent()) ?? '');
    const urls = (kind: string) => rules[kind].flatMap((rule: { urls: string[] }) => rule.urls);
    expect(urls('prerender')).toEqual(pages.map((path) => site.url + path));
    expect([...urls('prefetch'), ...urls('prerender')].sort()).toEqual([`${site.url}/a`, `${site.url}/b`]);
    await expect.poll(() => prefetched().sort()).toEqual(['/a', '/b']);
    expect(of('/a').map(({ purpose }) => purpose)).toEqual([
      pages.length ? 'prefetch;prerender' : 'prefetch',
    ]);
  });

  it.each([
    [1, undefined, []],
    [0.7, 1, ['/a']], // the fixture's own model halves thresholds
  ])(
    'of a page of %s above %s, moved as the threshold is, opens %j unseen',
    async (probability, prerenderAbove, pages) => {
      site.next = { '/': { '/a': probability } };
      site.config = { isPersonal: true, ...(prerenderAbove && { prerenderAbove }) };
      const { page } = await chromium.open();
      await page.goto(site.url);
      await expect.poll(() => inserted(page).count()).toBe(1);
      const { prerender } = JSON.parse((await inserted(page).textContent()) ?? '');
      expect(prerender[0].urls).toEqual(pages.map((path) => site.url + path));
    },
  );
});

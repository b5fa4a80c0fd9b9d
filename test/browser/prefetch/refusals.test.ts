import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useChromium } from '../chrome.ts';
import { useSite } from './site.ts';

const chromium = useChromium();
const { site, of, prefetched, histories } = useSite();

/** Long enough for a page to be asked about and its prefetch to arrive, as the tests of what is fetched show. */
const settle = (page: Page) => page.waitForTimeout(600);
const askedAbout = () => expect.poll(histories, { timeout: 5000 });

/** Gives the navigator of every page a value that no switch of the browser gives. */
async function pretend(page: Page, name: string, value: unknown): Promise<void> {
  await page.addInitScript(
    ([name, value]) => Object.defineProperty(Navigator.prototype, String(name), { get: () => value }),
    [name, value],
  );
}

describe('fetching ahead is left alone', () => {
  it('when the visitor saves data', async () => {
    site.next = { '/': { '/likely': 0.7 } };
    const { page } = await chromium.open();
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setDataSaverOverride', { dataSaverEnabled: true });
    const scripts: string[] = [];
    page.on('request', (request) => {
      if (request.resourceType() === 'script') scripts.push(request.url());
    });
    await page.goto(site.url);
    expect(await page.evaluate(() => Reflect.get(navigator.connection ?? {}, 'saveData'))).toBe(true);
    await settle(page);
    expect(histories()).toEqual([]);
    expect(prefetched()).toEqual([]);
    // Not even what would ask and fetch.
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.filter((url) => /ask-/.test(url))).toEqual([]);
  });

  it.each([
    ['slow-2g', false, 0],
    ['2g', false, 0],
    ['3g', false, 1],
    ['3g', true, 0],
    ['4g', true, 1],
  ])('by the connection: on %s, with avoid3g %s, %i pages are fetched', async (type, avoid3g, count) => {
    site.next = { '/': { '/likely': 0.7 } };
    site.config = { avoid3g };
    const { page } = await chromium.open();
    await pretend(page, 'connection', { effectiveType: type });
    await page.goto(site.url);
    await settle(page);
    expect(prefetched()).toHaveLength(count);
  });

  it('on a device of little memory', async () => {
    site.next = { '/': { '/likely': 0.7 } };
    const { page } = await chromium.open();
    await pretend(page, 'deviceMemory', 1);
    await page.goto(site.url);
    await settle(page);
    expect(histories()).toEqual([]);
  });

  it('when the visitor asks for privacy: nothing is stored either', async () => {
    site.next = { '/': { '/likely': 0.7 } };
    const { page } = await chromium.open();
    await pretend(page, 'globalPrivacyControl', true);
    await page.goto(site.url);
    await settle(page);
    expect(histories()).toEqual([]);
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it('in a hidden tab, until it is shown', async () => {
    site.next = { '/': { '/likely': 0.7 } };
    const { page } = await chromium.open();
    // Headless tabs are never hidden by others.
    await page.addInitScript(() => {
      let isHidden = true;
      Object.defineProperty(Document.prototype, 'hidden', { get: () => isHidden });
      Reflect.set(window, 'show', () => {
        isHidden = false;
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      });
    });
    await page.goto(site.url);
    await settle(page);
    expect(histories()).toEqual([]);
    await page.evaluate(() => Reflect.get(window, 'show')());
    await expect.poll(prefetched).toEqual(['/likely']);
  });

  it('where the model has no calibration: it is told no history', async () => {
    site.next = { '/': { '/likely': 0.9, '/two': 0.1 } };
    site.thresholds = undefined;
    const { page, complaints } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(() => of('/v1/models/navigation/metadata')).toHaveLength(1);
    await page.click('a[href="/two"]');
    await settle(page);
    expect(histories()).toEqual([]);
    expect(of('/v1/models/navigation/metadata')).toHaveLength(1);
    expect(await page.evaluate(() => window.reports)).toEqual([
      { predicted: 0, fetched: 0, used: 0, wasted: 0, savedMs: 0 },
    ]);
    expect(complaints).toEqual([]);
  });
});

describe('the budget', () => {
  it.each([
    [0.05, []],
    [0.1, ['/a']],
    [0.3, ['/a', '/b']],
    [0.5, ['/a', '/b', '/c']],
    [9, ['/a', '/b', '/c']],
  ])(
    'of %f wasted fetches picks the lowest measured threshold within it, and three pages at most',
    async (budget, pages) => {
      site.next = { '/': { '/a': 0.6, '/b': 0.45, '/c': 0.3, '/d': 0.2, '/e': 0.1 } };
      site.config = { maxWastedFetches: budget };
      const { page } = await chromium.open();
      await page.goto(site.url);
      await settle(page);
      expect(prefetched().sort()).toEqual(pages);
    },
  );

  it('is met by the table of the version that answers, read once a version', async () => {
    site.next = { '/': { '/a': 0.5 }, '/next': { '/b': 0.5 }, '/third': { '/c': 0.5 } };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/a']);
    site.version = '20260202000000';
    site.thresholds = [{ threshold: 0.9, wasted: 0.1 }];
    await page.goto(`${site.url}/next`);
    await settle(page);
    await page.goto(`${site.url}/third`);
    await settle(page);
    expect(prefetched()).toEqual(['/a']);
    expect(of('/v1/models/navigation/metadata')).toHaveLength(2);
  });
});

describe('never fetched', () => {
  it.each([
    ['a way out', '/logout'],
    ['a way out', '/account/sign-out'],
    ['a way out, encoded', '/log%6fut'],
    ['the till', '/checkout/payment'],
    ['the cart', '/add_to_cart'],
    ['a download', '/files/report.pdf'],
    ['what was hidden from training', '/reset/*'],
    ['a query', '/search?q=a'],
    ['another origin', 'http://127.0.0.1:9/a'],
    ['another origin, without a scheme', '//127.0.0.1:9/a'],
    ['a script', 'javascript:document.title="hacked"'],
    ['data', 'data:text/html,hi'],
    ['a path that does not decode', '/%E0%A4%A'],
    ['what is no path', 'shoes'],
    ['the current page by another name', '/./'],
  ])('%s: %s', async (_, address) => {
    site.next = { '/': { [address]: 0.9, '/good': 0.5 } };
    const { page, complaints } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/good']);
    await settle(page);
    expect(prefetched()).toEqual(['/good']);
    expect(complaints).toEqual([]);
  });

  it('a URL with credentials, though a link has it', async () => {
    const { host } = new URL(site.url);
    site.next = { '/': { '/a': 0.9 } };
    site.html = { '/': `<a href="http://name:word@${host}/a">a</a>` };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/a']);
    const rules = await page.locator('script[type=speculationrules]').textContent();
    expect(rules).toContain(`"${site.url}/a"`);
    expect(rules).not.toContain('@');
  });

  it.each([false, true])('another origin by a link, unless it is allowed: %s', async (isAllowed) => {
    const other = site.url.replace('127.0.0.1', 'localhost');
    site.next = { '/': { '/a': 0.9 } };
    site.html = { '/': `<a href="${other}/a">a</a>` };
    site.config = isAllowed ? { allowOrigins: [other] } : {};
    const { page } = await chromium.open();
    await page.goto(site.url);
    const rules = page.locator('script[type=speculationrules]');
    expect(await rules.textContent()).toContain(`"${isAllowed ? other : site.url}/a"`);
  });

  it('what the site excludes', async () => {
    site.next = { '/': { '/private/a': 0.9, '/good': 0.5 } };
    site.config = { exclude: '^/private' };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/good']);
  });

  it('the page that is open, while pages of before may be', async () => {
    site.next = { '/': { '/a': 0.9 }, '/b': { '/b': 0.9, '/': 0.8, '/a': 0.7 } };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/a']);
    await page.goto(`${site.url}/b`);
    await expect.poll(() => prefetched().sort()).toEqual(['/', '/a', '/a']);
    await askedAbout().toEqual([['/'], ['/', '/b']]);
  });
});

describe('fetched after all', () => {
  it('an address of the site’s own making, with its query', async () => {
    site.next = { 'item-1': { 'item-2': 0.9 } };
    site.config = { byId: true };
    const { page } = await chromium.open();
    await page.goto(`${site.url}/item?id=item-1`);
    await expect.poll(prefetched).toEqual(['/item?id=item-2']);
  });

  it('the address that a link has for the page, letter by letter', async () => {
    site.next = { '/': { '/shoes': 0.9 } };
    site.html = { '/': '<a href="/shoes?sort=price">1</a><a href="/shoes/">2</a>' };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/shoes/']);
    await page.click('a[href="/shoes/"]');
    await page.waitForURL('**/shoes/');
    await askedAbout().toContainEqual(['/', '/shoes']);
    expect(of('/shoes/')).toHaveLength(1);
  });

  it('a page once, though a link before leads to a place within it', async () => {
    site.next = { '/': { '/shoes': 0.9 } };
    site.html = { '/': '<a href="/shoes#sizes">1</a><a href="/shoes">2</a>' };
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/shoes']);
    await page.click('a[href="/shoes"]');
    await page.waitForURL('**/shoes');
    expect(of('/shoes')).toHaveLength(1);
  });
});

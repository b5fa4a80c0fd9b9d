import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useChromium } from '../chrome.ts';
import { useSite } from './site.ts';

const chromium = useChromium();
const { site, of, prefetched, histories } = useSite();

const delivery = (page: Page) =>
  page.evaluate(() => {
    const [timing] = performance.getEntriesByType('navigation');
    return (timing as PerformanceNavigationTiming & { deliveryType: string }).deliveryType;
  });
const reports = async (page: Page) => {
  await page.waitForFunction(() => window.reports.length > 0);
  return page.evaluate(() => window.reports);
};

describe('a page fetched ahead by speculation rules', () => {
  it('is asked of the server once, opened from the prefetch, and reported', async () => {
    site.next = { '/': { '/likely': 0.7, '/rare': 0.2 } };
    site.delayMs = 300;
    const { page, complaints } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/likely']);
    await page.waitForTimeout(500);
    await page.click('a[href="/likely"]');
    await page.waitForURL('**/likely');
    expect(of('/likely')).toHaveLength(1);
    expect(of('/likely')[0]?.purpose).toBe('prefetch');
    expect(await delivery(page)).toBe('navigational-prefetch');
    const [report] = await reports(page);
    expect(report).toMatchObject({ predicted: 1, fetched: 1, used: 1, wasted: 0 });
    expect(report?.savedMs).toBeGreaterThan(200);
    expect(report?.savedMs).toBeLessThan(600);
    expect(histories()).toContainEqual(['/', '/likely']);
    expect(of('/v1/models/navigation/metadata')).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  it('is joined by a click while it is still under way', async () => {
    site.next = { '/': { '/likely': 0.7 } };
    site.delayMs = 400;
    const { page } = await chromium.open();
    await page.goto(site.url);
    await expect.poll(prefetched).toEqual(['/likely']);
    await page.click('a[href="/likely"]');
    await page.waitForURL('**/likely');
    expect(of('/likely')).toHaveLength(1);
  });
});

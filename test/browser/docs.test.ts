import { openApi } from '@pathcast/models/openapi';
import type { Server } from '@pathcast/worker/scripts/listening';
import { serve } from '@pathcast/worker/scripts/server';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { useChromium } from './chrome.ts';

let api: Server;
beforeAll(async () => {
  api = await serve({ artifacts: inject('artifacts') });
});
afterAll(() => api?.stop());

const chromium = useChromium();

const METHODS = new Set(['get', 'post']);
/** Every operation of the contract, as the reader shows it. */
const OPERATIONS = Object.entries(openApi().paths).flatMap(([path, item]) =>
  Object.keys(item)
    .filter((method) => METHODS.has(method))
    .map((method) => `${method.toUpperCase()} ${path}`),
);

async function openReader(options?: Parameters<typeof chromium.open>[0]) {
  const opened = await chromium.open(options);
  const asked: string[] = [];
  opened.page.on('request', (request) => asked.push(new URL(request.url()).origin));
  await opened.page.goto(`${api.url}/docs`);
  await opened.page
    .locator('.opblock')
    .nth(OPERATIONS.length - 1)
    .waitFor();
  return { ...opened, asked };
}

async function operations(page: Page): Promise<string[]> {
  const blocks = await page.locator('.opblock-summary').all();
  return Promise.all(
    blocks.map(async (block) => {
      const method = await block.locator('.opblock-summary-method').textContent();
      const path = await block.locator('.opblock-summary-path').getAttribute('data-path');
      return `${method} ${path}`;
    }),
  );
}

describe('the reader of the contract', () => {
  it('lists every operation, under a policy without inline code, and asks no other site', async () => {
    const { page, complaints, asked } = await openReader();
    expect((await operations(page)).sort()).toEqual([...OPERATIONS].sort());
    const { headers } = await fetch(`${api.url}/docs`);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(new Set(asked.filter((origin) => origin !== 'null'))).toEqual(new Set([api.url]));
    expect(complaints).toEqual([]); // a breach of the policy is one
  });

  it('asks the API as a reader tells it to, and shows the answer', async () => {
    const { page, complaints } = await openReader();
    const next = page.locator('#operations-Predictions-next');
    await next.locator('.opblock-summary-control').click();
    await next.getByRole('button', { name: 'Execute' }).click();
    await expect
      .poll(() => next.locator('.live-responses-table tbody .response-col_status').first().textContent())
      .toMatch(/^200/);
    await expect
      .poll(() => next.locator('.live-responses-table').textContent())
      .toContain('"model": "navigation"');
    expect(complaints).toEqual([]);
  });

  it.each([320, 390, 1280])('fits a screen of %i pixels without scrolling sideways', async (width) => {
    const { page } = await openReader({ viewport: { width, height: 800 } });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });

  it.each(['light', 'dark'] as const)('follows a %s colour scheme', async (colorScheme) => {
    const { page } = await openReader({ colorScheme });
    const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(background === 'rgb(28, 32, 34)').toBe(colorScheme === 'dark');
  });

  it('is linked from the playground', async () => {
    const { page } = await chromium.open();
    await page.goto(api.url);
    await page.getByRole('link', { name: 'API', exact: true }).click();
    await page.getByRole('heading', { name: /^Pathcast/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/docs');
  });
});

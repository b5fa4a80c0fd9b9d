import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from '@pathcast/worker/scripts/listening';
import { serve } from '@pathcast/worker/scripts/server';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { createClient } from '../../client/src/index.ts';
import { useChromium } from './chrome.ts';

let api: Server;
beforeAll(async () => {
  api = await serve({ artifacts: inject('artifacts') });
});
afterAll(() => api?.stop());

const chromium = useChromium();

async function openPlayground(options?: Parameters<typeof chromium.open>[0]) {
  const opened = await chromium.open(options);
  await opened.page.goto(api.url);
  await opened.page.locator('#ranking button').first().waitFor();
  return opened;
}

const pages = (page: Page) => page.locator('#ranking .path').allTextContents();

describe('walking through a site', () => {
  it('begins with the most visited pages, and after each click shows what the API predicts', async () => {
    const { page, complaints } = await openPlayground();
    const client = createClient({ endpoint: api.url });
    const visit: string[] = [];
    for (let step = 0; step < 3; step++) {
      const { next } = await client.next({ history: visit, top: 8 });
      await expect.poll(() => pages(page)).toEqual(next.map((expected) => expected.page));
      const opened = next[step]?.page ?? '';
      await page.locator('#ranking button').nth(step).click();
      visit.push(opened);
      await page.getByRole('heading', { name: `After ${opened}` }).waitFor();
    }
    expect(await page.locator('#trail .crumb').allTextContents()).toEqual(visit);
    await page.getByRole('button', { name: 'Back' }).click();
    await page.getByRole('heading', { name: `After ${visit[1]}` }).waitFor();
    await page.getByRole('button', { name: 'Start again' }).click();
    await page.getByRole('heading', { name: 'Most visited pages' }).waitFor();
    expect(complaints).toEqual([]);
  });
});

describe('reading letter by letter', () => {
  it("labels the word that it was taught, with each step's candidates", async () => {
    const { page } = await openPlayground();
    await expect.poll(() => page.locator('#labels').textContent()).toBe('hihell → ihello');
    expect(await page.locator('#steps > li').count()).toBe(6);
    expect(await page.locator('#steps > li').first().locator('.candidates li').count()).toBe(4);
    await page.getByRole('textbox', { name: 'Letters' }).fill('hi');
    await expect.poll(() => page.locator('#steps > li').count()).toBe(2);
    expect(await page.locator('#knows').textContent()).toMatch(/^It knows h l i e o /);
  });
});

describe('teaching it a word', () => {
  it('fetches tfjs only then, draws the loss, gives the word back, also after a reload, and forgets it', async () => {
    const { page, complaints } = await chromium.open();
    const fetched: { bytes: number; isTfjs: boolean }[] = [];
    page.on('response', async (response) => {
      if (!response.url().endsWith('.js')) return;
      const text = await response.text();
      fetched.push({ bytes: text.length, isTfjs: /WEBGL_|kernelFunc/.test(text) });
    });
    await page.goto(api.url);
    await expect.poll(() => page.locator('#labels').textContent()).toBe('hihell → ihello');
    await page.waitForLoadState('networkidle');
    expect(fetched.filter(({ isTfjs }) => isTfjs)).toEqual([]);

    await page.getByRole('textbox', { name: 'Your word' }).fill('zürich');
    await page.getByRole('button', { name: 'Teach', exact: true }).click();
    await page.getByText(/^Learnt: \d+ steps on WebGL/).waitFor({ timeout: 90_000 });
    expect(fetched.filter(({ isTfjs }) => isTfjs).length).toBeGreaterThan(0);
    expect(await page.locator('#chart canvas').isVisible()).toBe(true);
    await expect.poll(() => page.locator('#own-labels').textContent()).toBe('züric → ürich');

    fetched.length = 0;
    await page.reload();
    await expect.poll(() => page.locator('#own-labels').textContent()).toBe('züric → ürich');
    expect(fetched.filter(({ isTfjs }) => isTfjs)).toEqual([]);

    await page.getByRole('button', { name: 'Forget it' }).click();
    await page.getByText('Forgotten').waitFor();
    await page.reload();
    await page.locator('#ranking button').first().waitFor();
    expect(await page.locator('#learnt').isHidden()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('stops when asked, and saves nothing', async () => {
    const { page } = await openPlayground();
    await page.getByRole('textbox', { name: 'Your word' }).fill('never');
    await page.getByRole('button', { name: 'Teach', exact: true }).click();
    await page.getByText(/^Learning: \d+ steps/).waitFor({ timeout: 60_000 }); // shown every ten, and gone as fast
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped').waitFor();
    expect(await page.locator('#learnt').isHidden()).toBe(true);
  });
});

describe('the page', () => {
  it('runs under a policy that allows scripts from its own origin alone', async () => {
    const { headers } = await fetch(api.url);
    expect(headers.get('content-security-policy')).toContain("script-src 'self';");
  });

  it.each([320, 390, 1280])('fits a screen of %i pixels without scrolling sideways', async (width) => {
    const { page } = await openPlayground({ viewport: { width, height: 800 } });
    for (let step = 0; step < 4; step++) await page.locator('#ranking button').nth(1).click();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });

  it('says which model is missing, and works without it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pathcast-one-model-'));
    await symlink(join(inject('artifacts'), 'hihello'), join(folder, 'hihello'));
    const server = await serve({ artifacts: folder });
    onTestFinished(async () => {
      await server.stop();
      await rm(folder, { recursive: true });
    });
    const { page } = await chromium.open();
    await page.goto(server.url);
    await expect.poll(() => page.locator('#walk-note').textContent()).toContain('does not serve that model');
    await expect.poll(() => page.locator('#labels').textContent()).toBe('hihell → ihello');
    // The parts of the page ask side by side: this one may be answered last.
    await expect.poll(() => page.locator('#state').textContent()).toBe('Serving hihello');
  });

  it('says that the API does not answer, and recovers by "Try again"', async () => {
    const { page } = await openPlayground();
    await page.context().setOffline(true);
    await page.locator('#ranking button').first().click();
    await page.getByText('The API does not answer').waitFor();
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('#ranking button').first().waitFor();
  });
});

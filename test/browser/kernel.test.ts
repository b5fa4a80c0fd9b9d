import { beforeAll, describe, expect, it } from 'vitest';
import { useChromium } from './chrome.ts';
import { serveFixturePage } from './fixture-page.ts';
import type {} from './pages/kernel.ts'; // declares `window.runKernel`

let site: string;
beforeAll(async () => {
  site = await serveFixturePage('kernel.ts');
});

const chromium = useChromium();

describe.each(['relaxed', 'plain'] as const)('the kernel with %s SIMD, in Chromium', (build) => {
  it('does as the plain scorer and tfjs layers do, for every cell and table', async () => {
    const { page } = await chromium.open();
    await page.goto(site);
    await page.waitForFunction(() => 'runKernel' in window);
    expect(await page.evaluate((build) => window.runKernel(build), build)).toBeGreaterThan(200);
  });
});

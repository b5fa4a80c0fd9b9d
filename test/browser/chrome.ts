import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, inject, onTestFinished } from 'vitest';
import { CHROMIUM_FLAGS } from '../chromium.ts';

/** A headless Chromium for a file of tests, closed after them. */
export function useChromium() {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: inject('chromium'),
      args: [...CHROMIUM_FLAGS],
    });
  });
  afterAll(() => browser?.close());

  return {
    /** A page in a profile of its own, closed after the test, with all that it complained about. */
    async open(
      options: Parameters<Browser['newContext']>[0] = {},
    ): Promise<{ page: Page; complaints: string[] }> {
      if (!browser) throw new Error('the browser has not started');
      const context = await browser.newContext(options);
      onTestFinished(() => context.close());
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      return { page, complaints };
    },
  };
}

/** Takes WebGL away from a page, as a machine or a visitor's settings may. */
export async function withoutWebgl(page: Page): Promise<void> {
  await page.addInitScript(() => {
    for (const { prototype } of [HTMLCanvasElement, OffscreenCanvas]) {
      const getContext: unknown = Reflect.get(prototype, 'getContext');
      if (typeof getContext !== 'function') continue;
      Reflect.set(prototype, 'getContext', function (this: object, type: string, ...rest: unknown[]) {
        return /webgl/.test(type) ? null : Reflect.apply(getContext, this, [type, ...rest]);
      });
    }
  });
}

import type { Server } from '@pathcast/worker/scripts/listening';
import { serve } from '@pathcast/worker/scripts/server';
import type { FineTuneOptions, Progress } from 'pathcast/fine-tune';
import type { Page, Worker } from 'playwright-core';
import { afterAll, beforeAll, inject } from 'vitest';
import { useChromium, withoutWebgl } from './chrome.ts';
import { serveFixturePage } from './fixture-page.ts';
import type {} from './pages/fine-tune.ts'; // declares `window.fixture`

/** Options that cross into a page. */
export type Options = Omit<FineTuneOptions, 'client' | 'signal'>;

/** Steps alone: no target, no guard ends them. */
export const ALL_STEPS = { targetLoss: 0, maxDrift: Number.POSITIVE_INFINITY } as const;

/** An API, a page of another origin that fine-tunes, and a browser; for a file of tests. */
export function useTuning() {
  let api: Server;
  let site: string;
  beforeAll(async () => {
    [api, site] = await Promise.all([
      serve({ artifacts: inject('artifacts') }),
      serveFixturePage('fine-tune.ts'),
    ]);
  });
  afterAll(() => api?.stop());
  const chromium = useChromium();

  /** @param options.worker which of `pages/workers`; any other name: there is none. @param options.csp the page's policy. */
  async function load(page: Page, { worker = 'worker', csp = '' } = {}): Promise<void> {
    await page.goto(`${site}${worker}/${csp && `?csp=${encodeURIComponent(csp)}`}`);
    await page.waitForFunction(() => 'fixture' in window);
  }

  return {
    load,
    origin: () => new URL(site).origin,
    endpoint: () => api.url,

    async open(options: { worker?: string; csp?: string; webgl?: boolean } = {}): Promise<Page> {
      const { page } = await chromium.open();
      if (options.webgl === false) await withoutWebgl(page);
      await load(page, options);
      return page;
    },

    /** Fine-tunes in the page, and gives every step's progress, the outcome last. */
    fineTune(page: Page, options: Options): Promise<Progress[]> {
      return page.evaluate(
        async ([endpoint, given]) => {
          const { createClient, fineTune } = window.fixture;
          const steps: Progress[] = [];
          for await (const step of fineTune({ client: createClient({ endpoint }), ...given }))
            steps.push(step);
          return steps;
        },
        [api.url, options] as const,
      );
    },

    /** Begins to fine-tune; the next call's progress comes with each `next`. */
    async begin(page: Page, options: Options) {
      const steps = await page.evaluateHandle(
        ([endpoint, given]) => {
          const { createClient, fineTune } = window.fixture;
          return fineTune({ client: createClient({ endpoint }), ...given });
        },
        [api.url, options] as const,
      );
      return {
        next: () => steps.evaluate(async (running) => (await running.next()).value ?? undefined),
        leave: () => steps.evaluate((running) => running.return()),
      };
    },

    label(page: Page, model: string, text: string): Promise<string> {
      return page.evaluate(
        async ([endpoint, model, text]) => {
          const { createClient, predictLocally } = window.fixture;
          const client = createClient({ endpoint });
          return (await predictLocally({ client, model, text })).text;
        },
        [api.url, model, text] as const,
      );
    },
  };
}

/** The fine-tuning worker of a page. */
export function workerOf(page: Page): Worker {
  const [worker] = page.workers();
  if (!worker) throw new Error('the page has no worker');
  return worker;
}

/** The message of what a promise rejects with. */
export function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing was thrown',
    (error: Error) => error.message,
  );
}

import { createServer } from 'node:http';
import type { Server } from '@pathcast/worker/scripts/listening';
import { serve } from '@pathcast/worker/scripts/server';
import type { NextPages } from 'pathcast';
import type { ObservedVisit } from 'pathcast/personal';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { useChromium } from './chrome.ts';
import { serveFixturePage } from './fixture-page.ts';
import type {} from './pages/personal.ts'; // declares `window.personal`

/** What reached the API, in front of which a server of the test's own counts. */
export const asked: { method: string; path: string; body: string }[] = [];
let api: Server;
let counting: ReturnType<typeof createServer>;
let endpoint: string;
export let site: string;

beforeAll(async () => {
  [api, site] = await Promise.all([
    serve({ artifacts: inject('artifacts') }),
    serveFixturePage('personal.ts'),
  ]);
  counting = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url: path = '', headers } = request;
    asked.push({ method, path, body });
    const { 'content-type': type = '', origin = '' } = headers;
    const answer = await fetch(api.url + path, {
      method,
      headers: { 'content-type': type, origin },
      ...(body ? { body } : {}),
    });
    const allowed = answer.headers.get('access-control-allow-origin') ?? '';
    response
      .writeHead(answer.status, {
        'content-type': 'application/json',
        'access-control-allow-origin': allowed,
      })
      .end(await answer.text());
  });
  await new Promise<void>((listening) => counting.listen(0, '127.0.0.1', listening));
  const address = counting.address();
  if (typeof address !== 'object' || !address) throw new Error('the counting server has no address');
  endpoint = `http://127.0.0.1:${address.port}`;
});
afterAll(async () => {
  counting?.closeAllConnections();
  counting?.close();
  await api?.stop();
});
beforeEach(() => void asked.splice(0));

const chromium = useChromium();
/** A visit of the sample site. */
export const VISIT = ['/', '/shoes'];

export async function load(page: Page, policy = ''): Promise<void> {
  await page.goto(`${site}?${new URLSearchParams({ api: endpoint, csp: policy })}`);
  await page.waitForFunction(() => 'personal' in window);
}

/** The fixture's page in a profile of its own. */
export async function open({ prepare = async (_: Page): Promise<unknown> => undefined, policy = '' } = {}) {
  const { page, complaints } = await chromium.open();
  const logged: string[] = [];
  page.on('console', (message) => logged.push(message.text()));
  await prepare(page);
  await load(page, policy);
  return { page, complaints, logged };
}

export async function another(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await load(page);
  return page;
}

/** Opens this page after the history, `times` times over. */
export function observe(page: Page, history: readonly string[], opened: string, times = 1): Promise<void> {
  return observeVisit(page, { history, page: opened }, times);
}

export function observeVisit(page: Page, visit: ObservedVisit, times = 1): Promise<void> {
  return page.evaluate(
    async ([visit, times]) => {
      const one = () => window.personal.model.observe(visit);
      await Promise.all(Array.from({ length: times }, one));
    },
    [visit, times] as const,
  );
}

export function next(page: Page, history: readonly string[], top = 5): Promise<NextPages> {
  return page.evaluate(([history, top]) => window.personal.model.next({ history, top }), [
    history,
    top,
  ] as const);
}

export function served(page: Page, history: readonly string[], top = 5): Promise<NextPages> {
  return page.evaluate(([history, top]) => window.personal.client.next({ history, top }), [
    history,
    top,
  ] as const);
}

/** Every record of every database of the page's origin. */
export function stored(page: Page): Promise<unknown[]> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const found: unknown[] = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name ?? ''));
      for (const store of database.objectStoreNames)
        found.push(...(await done(database.transaction(store).objectStore(store).getAll())));
      database.close();
    }
    return found;
  });
}

/** Storage that refuses at once, as a visitor's settings may have it. */
export const blockStorage = (page: Page) =>
  page.addInitScript(() => {
    Reflect.set(IDBFactory.prototype, 'open', () => {
      throw new DOMException('blocked', 'SecurityError');
    });
  });

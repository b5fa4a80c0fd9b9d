import { describe, expect, it } from 'vitest';
import {
  another,
  asked,
  blockStorage,
  load,
  next,
  observe,
  observeVisit,
  open,
  served,
  stored,
  VISIT,
} from './personal-page.ts';

describe('a personal model', () => {
  it("ranks a page that the server does not know by the visitor's own transitions, also after a reload", async () => {
    const { page, complaints } = await open();
    const base = await served(page, VISIT, 25);
    await observe(page, VISIT, '/mine', 5);
    await load(page);
    const { next: mixed, model, version } = await next(page, VISIT);
    // Left /shoes five times, each time for /mine: n = k = 5, so half is own and half is served.
    expect(mixed[0]).toEqual({ page: '/mine', probability: 0.5 });
    expect(mixed.slice(1).map(({ page }) => page)).toEqual(base.next.slice(0, 4).map(({ page }) => page));
    for (const [i, { probability }] of mixed.slice(1).entries())
      expect(probability).toBeCloseTo((base.next[i]?.probability ?? 0) / 2, 12);
    expect([model, version]).toEqual([base.model, base.version]);
    expect((await next(page, ['/other'])).next.map(({ page }) => page)).not.toContain('/mine');
    expect(complaints).toEqual([]);
  });

  it('raises the threshold where more is fetched in vain than was promised, and keeps that', async () => {
    const { page } = await open();
    const threshold = () => page.evaluate(() => window.personal.model.threshold(0.2));
    expect(await threshold()).toBe(0.2);
    const likeliest = (await served(page, VISIT, 4)).next.map(({ probability }) => probability);
    const least = likeliest[3]; // a threshold that four reach, of which three are fetched
    const promise = likeliest.slice(0, 3).reduce((sum, probability) => sum + 1 - probability, 0);
    let [promised, wasted] = [0, 0];
    for (let i = 0; i < 12; i++) {
      await next(page, VISIT, 1);
      const opened = { history: VISIT, page: `/never-again-${i}` };
      await observeVisit(page, { ...opened, fetched: ['/a', '/b', '/c'], threshold: least });
      promised = promised * 0.99 + promise;
      wasted = wasted * 0.99 + 3;
    }
    await load(page);
    await next(page, ['/elsewhere']);
    expect(promise).toBeLessThan(2.9);
    expect(await threshold()).toBeCloseTo((0.2 * (wasted + 1)) / (promised + 1), 10);
  });

  it('asks the server once a prediction, the same whatever was learnt, and sends nothing else', async () => {
    const { page, logged } = await open();
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await next(page, VISIT, 3);
    await observe(page, ['/secret-before', ...VISIT], '/secret-page', 20);
    await page.evaluate(() => window.personal.model.threshold(0.3));
    await next(page, [...VISIT], 3);
    await page.evaluate(() => window.personal.model.forget());
    const body = JSON.stringify({ instances: [{ history: VISIT }], top: 15 });
    // The client may answer the second from what it kept.
    expect(new Set(asked.map(({ body }) => body))).toEqual(new Set([body]));
    expect(
      asked.every(({ method, path }) => method === 'POST' && path === '/v1/models/navigation:predict'),
    ).toBe(true);
    expect(asked.length).toBeLessThanOrEqual(2);
    expect(requests.length).toBe(asked.length);
    expect(logged).toEqual([]);
  });

  it('keeps what was learnt for an endpoint and model to these', async () => {
    const { page } = await open();
    await observe(page, VISIT, '/mine', 5);
    const others = await page.evaluate(async () => {
      const { client, createClient, createPersonal } = window.personal;
      const model = createPersonal({
        client: createClient({ endpoint: client.endpoint, navigationModel: 'large' }),
      });
      return (await model.next({ history: ['/', '/shoes'], top: 3 })).next.map(({ page }) => page);
    });
    expect(others).not.toContain('/mine');
  });

  it('rejects as the client does, and goes on afterwards', async () => {
    const { page } = await open();
    await observe(page, VISIT, '/mine', 5);
    const failures = await page.evaluate(async () => {
      const { model, createClient, createPersonal, PathcastError } = window.personal;
      const name = (error: unknown) => (error instanceof Error ? error.name : String(error));
      const nowhere = createPersonal({ client: createClient({ endpoint: 'http://127.0.0.1:1' }) });
      const history = ['/', '/shoes'];
      const bad = await Promise.all(
        [0, -1, 1.5, 101].map((top) => model.next({ history, top }).then(String, name)),
      );
      const aborted = model.next({ history, signal: AbortSignal.abort('left') }).then(String, name);
      await nowhere.observe({ history, page: '/mine' });
      const down = nowhere
        .next({ history, top: 3 })
        .then(String, (e) => e instanceof PathcastError && name(e));
      let wrong = '';
      try {
        Reflect.apply(createPersonal, undefined, [{}]);
      } catch (error) {
        wrong = String(error);
      }
      return { bad, aborted: await aborted, down: await down, wrong };
    });
    expect(failures).toEqual({
      bad: Array(4).fill('InputError'),
      aborted: 'left',
      down: 'NetworkError',
      wrong: 'InputError: client must be a client',
    });
    expect((await next(page, VISIT)).next[0]?.page).toBe('/mine');
  });

  it('learns nothing from what is no visit, and never rejects', async () => {
    const { page, complaints } = await open();
    await page.evaluate(async (long) => {
      const { model } = window.personal;
      const junk: unknown[] = [undefined, {}, { history: ['/'] }, { history: 7, page: '' }, { page: long }];
      for (const visit of junk) await Reflect.apply(model.observe, model, [visit]);
    }, 'x'.repeat(3000));
    expect(await stored(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

describe('two tabs', () => {
  it('lose no transition of each other', async () => {
    const { page } = await open();
    const other = await another(page.context());
    await Promise.all([observe(page, VISIT, '/mine', 40), observe(other, VISIT, '/yours', 40)]);
    const [record] = await stored(page);
    expect(JSON.parse(String(record)).counts).toEqual({ '/shoes\n/mine': 40, '/shoes\n/yours': 40 });
    const { next: mixed } = await next(other, VISIT);
    for (const { probability } of mixed.slice(0, 2)) expect(probability).toBeCloseTo(40 / 85, 12);
    expect(new Set(mixed.slice(0, 2).map(({ page }) => page))).toEqual(new Set(['/mine', '/yours']));
  });

  it('both forget when one does, and IndexedDB is empty', async () => {
    const { page } = await open();
    const other = await another(page.context());
    await observe(page, VISIT, '/mine', 5);
    expect((await next(other, VISIT)).next[0]?.page).toBe('/mine');
    expect(await stored(page)).toHaveLength(1);
    await page.evaluate(() => window.personal.model.forget());
    expect(await stored(page)).toEqual([]);
    for (const tab of [page, other])
      expect((await next(tab, VISIT)).next).toEqual((await served(tab, VISIT)).next);
  });

  it('both forget where one learnt in memory', async () => {
    const { page } = await open();
    const blocked = await page.context().newPage();
    await blockStorage(blocked);
    await load(blocked);
    await observe(blocked, VISIT, '/mine', 5);
    expect((await next(blocked, VISIT)).next[0]?.page).toBe('/mine');
    await page.evaluate(() => window.personal.model.forget());
    await expect
      .poll(async () => (await next(blocked, VISIT)).next)
      .toEqual((await served(blocked, VISIT)).next);
  });
});

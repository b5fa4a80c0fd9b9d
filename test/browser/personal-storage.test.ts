import { describe, expect, it } from 'vitest';
import {
  another,
  blockStorage,
  load,
  next,
  observe,
  open,
  served,
  site,
  stored,
  VISIT,
} from './personal-page.ts';

describe('storage', () => {
  it('that is blocked: memory stands in, and forgetting says that it is not confirmed', async () => {
    const { page, complaints } = await open({ prepare: blockStorage });
    await observe(page, VISIT, '/mine', 5);
    expect((await next(page, VISIT)).next[0]).toEqual({ page: '/mine', probability: 0.5 });
    const failure = await page.evaluate(() =>
      window.personal.model.forget().then(
        () => 'nothing',
        (error) => `${error instanceof window.personal.PathcastError}: ${error.message}`,
      ),
    );
    expect(failure).toBe('true: Storage did not confirm it');
    expect((await next(page, VISIT)).next).toEqual((await served(page, VISIT)).next);
    expect(complaints).toEqual([]);
  });

  it('of a sandboxed page, which has none: memory stands in', async () => {
    const { page, complaints } = await open({ policy: 'sandbox allow-scripts' });
    const refused = await page.evaluate(() => {
      try {
        indexedDB.open('probe');
      } catch (error) {
        return `${self.origin}: ${error}`;
      }
      return 'nothing';
    });
    expect(refused).toContain('null: SecurityError');
    await observe(page, VISIT, '/mine', 5);
    expect((await next(page, VISIT)).next[0]).toEqual({ page: '/mine', probability: 0.5 });
    expect(complaints).toEqual([]);
  });

  it('that is full: memory stands in, and what is learnt is kept once there is room', async () => {
    const { page, complaints } = await open();
    const session = await page.context().newCDPSession(page);
    const origin = new URL(site).origin;
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await observe(page, VISIT, '/mine', 5);
    expect((await next(page, VISIT)).next[0]).toEqual({ page: '/mine', probability: 0.5 });
    expect(await stored(page)).toEqual([]);
    await page.evaluate(() => window.personal.model.forget());
    expect((await next(page, VISIT)).next).toEqual((await served(page, VISIT)).next);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await load(page);
    await observe(page, VISIT, '/mine', 5);
    expect(await stored(page)).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  it.each([
    ['a number', 7],
    ['an object', { counts: 1 }],
    ['other text', 'null'],
    ['text cut short', '{"counts":{"/shoes\\n/x":3'],
    ['counts that are none', '{"counts":{"/shoes\\n/x":"many"},"predicted":0,"hits":0}'],
    ['counts below zero', '{"counts":{"/shoes\\n/x":-9},"predicted":0,"hits":0}'],
  ])('that holds %s instead: starts anew', async (_, damage) => {
    const { page, complaints } = await open();
    await observe(page, VISIT, '/x');
    await page.evaluate(async (damage) => {
      const opening = indexedDB.open('pathcast-personal');
      await new Promise<void>((resolve) => {
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('pathcast-personal', 'readwrite');
          const store = transaction.objectStore('pathcast-personal');
          store.openCursor().onsuccess = ({ target }) => {
            if (target instanceof IDBRequest && target.result) target.result.update(damage);
          };
          transaction.oncomplete = () => resolve();
          opening.result.close();
        };
      });
    }, damage);
    await load(page);
    expect((await next(page, VISIT)).next).toEqual((await served(page, VISIT)).next);
    await observe(page, VISIT, '/mine', 5);
    expect((await next(page, VISIT)).next[0]).toEqual({ page: '/mine', probability: 0.5 });
    expect(complaints).toEqual([]);
  });

  it('of another form: memory stands in', async () => {
    const { page, complaints } = await open();
    await page.evaluate(async () => {
      const opening = indexedDB.open('pathcast-personal', 3);
      await new Promise<void>((resolve) => {
        opening.onsuccess = () => {
          opening.result.close();
          resolve();
        };
      });
    });
    await observe(page, VISIT, '/mine', 5);
    expect((await next(page, VISIT)).next[0]).toEqual({ page: '/mine', probability: 0.5 });
    expect(complaints).toEqual([]);
  });

  it('that the visitor clears under us: starts anew', async () => {
    const { page, complaints } = await open();
    await observe(page, VISIT, '/mine', 5);
    const session = await page.context().newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin: new URL(site).origin, storageTypes: 'all' });
    expect((await next(page, VISIT)).next).toEqual((await served(page, VISIT)).next);
    await observe(page, VISIT, '/mine');
    const [record] = await stored(page);
    expect(JSON.parse(String(record)).counts).toEqual({ '/shoes\n/mine': 1 });
    expect(complaints).toEqual([]);
  });

  it('that an upgrade holds up in another tab: one answer is late by a second, memory stands in', async () => {
    const { page, complaints } = await open();
    await observe(page, VISIT, '/stored');
    const other = await another(page.context());
    await other.evaluate(async () => {
      // A connection that does not close, and an upgrade that waits for it: whoever opens next waits too.
      const held = indexedDB.open('pathcast-personal');
      await new Promise((resolve) => {
        held.onsuccess = resolve;
      });
      const upgrade = indexedDB.open('pathcast-personal', 2);
      await new Promise((resolve) => {
        upgrade.onblocked = resolve;
      });
      Object.assign(window, { held, upgrade }); // kept from being collected
    });
    const waits = await page.evaluate(async () => {
      const { model } = window.personal;
      const history = ['/', '/shoes'];
      const start = performance.now();
      for (let i = 0; i < 5; i++) await model.observe({ history, page: '/mine' });
      const first = performance.now() - start;
      const { next } = await model.next({ history, top: 3 });
      return { first, all: performance.now() - start, next: next[0] };
    });
    expect(waits.next).toEqual({ page: '/mine', probability: 0.5 });
    expect(waits.first).toBeGreaterThan(900);
    expect(waits.all).toBeLessThan(4000);
    expect(complaints).toEqual([]);
  });
});

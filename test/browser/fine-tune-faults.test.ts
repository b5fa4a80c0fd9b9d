import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ALL_STEPS, failure, useTuning } from './tuning.ts';

const tuning = useTuning();

const TWO = { model: 'random-simple', pairs: [['abc', 'bcd']], steps: 2, ...ALL_STEPS } as const;

/** Changes a record that is saved in the page's browser, or four bytes of its weights; runs there. */
function tamper(
  page: Page,
  store: 'bases' | 'deltas',
  change: Record<string, unknown> | 'weights',
): Promise<void> {
  return page.evaluate(
    async ([store, key, change]) => {
      const done = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const database = await done(indexedDB.open('pathcast-fine-tune'));
      const records = database.transaction(store, 'readwrite').objectStore(store);
      const record = await done(records.get(key));
      if (change !== 'weights') Object.assign(record, change);
      else new Uint8Array(record.shards[0]).fill(1, 40, 44);
      await done(records.put(record, key));
      database.close();
    },
    [store, `${tuning.endpoint()} random-simple`, change] as const,
  );
}

describe('a fault', () => {
  it('of the options is named before anything is asked', async () => {
    const page = await tuning.open();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const fails = (options: Parameters<typeof tuning.fineTune>[1]) => failure(tuning.fineTune(page, options));
    expect(await fails({})).toContain('pairs or history or histories must be given');
    expect(await fails({ history: ['/a', '/b'], histories: [['/a', '/b']] })).toContain('one of them alone');
    expect(await fails({ pairs: [['abc', 'ab']] })).toContain('pairs[0] must hold a label a character');
    expect(await fails({ histories: [['/a']] })).toContain('histories[0] must be an array of at least two');
    expect(await fails({ history: ['/a'] })).toContain('history must be an array of at least two');
    expect(await fails({ pairs: [['a', 'b']], steps: 0 })).toContain('steps must be');
    expect(await fails({ pairs: [['a', 'b']], maxDrift: 0 })).toContain('maxDrift must be above 0');
    expect(asked).toEqual([]);
  });

  it('of the model is a sentence, with its own class', async () => {
    const page = await tuning.open();
    const classes = await page.evaluate(async (endpoint) => {
      const { createClient, fineTune, FineTuneError, HttpError } = window.fixture;
      const fails = (model: string) =>
        fineTune({ client: createClient({ endpoint }), model, pairs: [['a', 'b']] })
          .next()
          .then(
            () => 'nothing was thrown',
            (error: Error) =>
              [error instanceof FineTuneError, error instanceof HttpError, error.message] as const,
          );
      return [await fails('nobody'), await fails('navigation')];
    }, tuning.endpoint());
    expect(classes).toEqual([
      [false, true, expect.stringContaining('answered 404')],
      [true, false, expect.stringContaining('learns from histories')],
    ]);
    await expect.poll(() => page.workers()).toEqual([]);
  });

  it('of the server, weights that are not what the manifest says, is told and trains nothing', async () => {
    const page = await tuning.open();
    await page.route('**/group1-shard1.bin', async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      body[40] = (body[40] ?? 0) ^ 1;
      await route.fulfill({ response, body });
    });
    expect(await failure(tuning.fineTune(page, TWO))).toContain('answered: bad SHA-256');
  });

  it('of a full disk, which aborts the transaction alone, keeps the model from counting as saved', async () => {
    const page = await tuning.open();
    // Makes the database, which a full disk would refuse sooner.
    expect(await failure(tuning.label(page, 'random-simple', 'abc'))).toContain('No fine-tuned');
    const session = await page.context().newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: tuning.origin(), quotaSize: 1 });
    const steps = await page.evaluate(
      async ([endpoint, given]) => {
        const { createClient, fineTune, StorageError } = window.fixture;
        const seen: unknown[] = [];
        try {
          for await (const { outcome } of fineTune({ client: createClient({ endpoint }), ...given }))
            seen.push(outcome);
        } catch (error) {
          return [seen.length, error instanceof StorageError, String(error)] as const;
        }
        return 'nothing was thrown';
      },
      [tuning.endpoint(), { ...TWO, steps: 3 }] as const,
    );
    expect(steps).toEqual([3, true, expect.stringContaining('storage refuses to save')]);
    await session.send('Storage.overrideQuotaForOrigin', { origin: tuning.origin() });
    expect(await failure(tuning.label(page, 'random-simple', 'abc'))).toContain('No fine-tuned');
  });

  it('of what is stored is told, and forgetting mends it', async () => {
    const page = await tuning.open();
    await tuning.fineTune(page, TWO);
    await tamper(page, 'bases', 'weights');
    expect(await failure(tuning.label(page, 'random-simple', 'abc'))).toContain('damaged (base.shards)');
    await tamper(page, 'bases', { shards: [7] });
    expect(await failure(tuning.label(page, 'random-simple', 'abc'))).toContain('damaged (base.shards.0)');
    await tamper(page, 'bases', { format: 'something else' });
    expect(await failure(tuning.label(page, 'random-simple', 'abc'))).toContain('damaged (base.format)');
    await page.evaluate(async (endpoint) => {
      const { createClient, forget } = window.fixture;
      await forget({ client: createClient({ endpoint }), model: 'random-simple' });
    }, tuning.endpoint());
    expect(await failure(tuning.label(page, 'random-simple', 'abc'))).toContain(
      'No fine-tuned random-simple is saved',
    );
  });
});

describe('a new version under what is saved', () => {
  it('is never given what was learnt on the old one', async () => {
    const page = await tuning.open();
    await tuning.fineTune(page, TWO);
    const answers = await page.evaluate(async (endpoint) => {
      const { createClient, loadFineTuned, StaleModelError } = window.fixture;
      const client = createClient({ endpoint });
      const { version } = await client.label({ text: 'a' }).catch(() => ({ version: '' }));
      const old = await loadFineTuned({ client, model: 'random-simple' });
      const same = await loadFineTuned({ client, model: 'random-simple', version: old?.version });
      const stale = await loadFineTuned({ client, model: 'random-simple', version: '20990101000000' }).catch(
        (error: Error) => [error instanceof StaleModelError, error.message] as const,
      );
      return { version, same: same?.version === old?.version, stale };
    }, tuning.endpoint());
    expect(answers.same).toBe(true);
    expect(answers.stale).toEqual([
      true,
      expect.stringMatching(/was learnt on version \d{14} and does not fit 20990101000000: fine-tune again/),
    ]);
    await tamper(page, 'deltas', { base: { version: '20200101000000', digest: 'of another base' } });
    expect(await failure(tuning.label(page, 'random-simple', 'abc'))).toContain(
      'was learnt on version 20200101000000',
    );
  });
});

describe('a page that is left mid-step', () => {
  it('leaves what was saved before, and nothing half-written', async () => {
    const page = await tuning.open();
    await tuning.fineTune(page, { pairs: [['pathcas', 'athcast']], backend: 'cpu' });
    const run = await tuning.begin(page, { pairs: [['browse', 'rowser']], backend: 'cpu' });
    for (let step = 0; step < 8; step++) await run.next();
    void run.next().catch(() => {});
    await tuning.load(page);
    expect(page.workers()).toEqual([]);
    expect(await tuning.label(page, 'hihello', 'pathcas')).toBe('athcast');
  });
});

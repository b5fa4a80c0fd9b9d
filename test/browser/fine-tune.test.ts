import type { Server } from '@pathcast/worker/scripts/listening';
import { serve } from '@pathcast/worker/scripts/server';
import type { Backend, FineTuneOptions, Progress } from 'pathcast/fine-tune';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { useChromium, withoutWebgl } from './chrome.ts';
import { serveFixturePage } from './fixture-page.ts';
import type {} from './pages/fine-tune.ts'; // declares `window.fixture`

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

async function openFixture({ webgl = true } = {}): Promise<Page> {
  const { page } = await chromium.open();
  if (!webgl) await withoutWebgl(page);
  await page.goto(site);
  await page.waitForFunction(() => 'fixture' in window);
  return page;
}

/** Fine-tunes in the page, and gives every step's progress. */
function fineTune(page: Page, options: Omit<FineTuneOptions, 'client' | 'signal'>): Promise<Progress[]> {
  return page.evaluate(
    async ([endpoint, given]) => {
      const { createClient, fineTune } = window.fixture;
      const steps: Progress[] = [];
      for await (const step of fineTune({ client: createClient({ endpoint }), ...given })) steps.push(step);
      return steps;
    },
    [api.url, options] as const,
  );
}

function label(page: Page, model: string, text: string): Promise<string> {
  return page.evaluate(
    async ([endpoint, model, text]) => {
      const { createClient, predictLocally } = window.fixture;
      const client = createClient({ endpoint });
      return (await predictLocally({ client, model, text })).text;
    },
    [api.url, model, text] as const,
  );
}

const WORD: FineTuneOptions['pairs'] = [
  ['abcdxyz', 'bcdxyzx'],
  ['gfe', 'fed'],
];

describe.each(['simple', 'gru', 'lstm'])('fine-tuning a %s cell', (cell) => {
  it('gives the same losses on WebGL as on the CPU, from the same weights', async () => {
    const page = await openFixture();
    const options = { model: `random-${cell}`, pairs: WORD, steps: 8, learningRate: 0.02 };
    const losses: Record<Backend, number[]> = { webgl: [], cpu: [] };
    for (const backend of ['webgl', 'cpu'] as const) {
      const steps = await fineTune(page, { ...options, backend });
      expect(steps.map((step) => step.backend)).toEqual(Array(8).fill(backend));
      losses[backend] = steps.map(({ loss }) => loss);
    }
    for (const [step, loss] of losses.webgl.entries()) {
      expect(Math.abs(loss - (losses.cpu[step] ?? Number.NaN))).toBeLessThan(1e-4);
    }
    expect(losses.cpu.at(-1)).toBeLessThan((losses.cpu[0] ?? 0) - 0.1);
  });
});

describe('fine-tuning', () => {
  it('teaches hihello a word on WebGL, and gives it back before and after a reload', async () => {
    const page = await openFixture();
    const steps = await fineTune(page, { pairs: [['pathcas', 'athcast']] });
    expect(steps.at(-1)).toMatchObject({ backend: 'webgl', steps: 400 });
    expect(steps.length).toBeLessThan(400);
    expect(await label(page, 'hihello', 'pathcas')).toBe('athcast');
    await page.reload();
    await page.waitForFunction(() => 'fixture' in window);
    expect(await label(page, 'hihello', 'pathcas')).toBe('athcast');
  });

  it('keeps the number of tensors from step to step, and leaves none behind', async () => {
    const page = await openFixture();
    const counts = await page.evaluate(async (endpoint) => {
      const { createClient, fineTune, tf } = window.fixture;
      const client = createClient({ endpoint });
      const options = { client, model: 'random-gru', pairs: [['abc', 'bcd']] as const };
      const during = new Set<number>();
      for await (const _ of fineTune({ ...options, steps: 20, targetLoss: 0 }))
        during.add(tf.memory().numTensors);
      const afterEnd = tf.memory().numTensors;
      for await (const _ of fineTune(options)) break;
      const afterBreak = tf.memory().numTensors;
      const abort = new AbortController();
      const reason = await (async () => {
        for await (const _ of fineTune({ ...options, signal: abort.signal }))
          abort.abort(new Error('enough'));
      })().catch((error: Error) => error.message);
      return { during: [...during].length, after: [afterEnd, afterBreak, tf.memory().numTensors], reason };
    }, api.url);
    expect(counts).toEqual({ during: 1, after: [0, 0, 0], reason: 'enough' });
  });

  it("computes with 32 bits' epsilon on WebGL", async () => {
    const page = await openFixture();
    await fineTune(page, { model: 'random-simple', pairs: [['abc', 'bcd']], steps: 1, backend: 'webgl' });
    expect(await page.evaluate(() => window.fixture.tf.backend().epsilon())).toBe(1e-7);
  });

  it("learns the visitor's own visits, with a page that the head does not hold", async () => {
    const page = await openFixture();
    const histories = [
      ['/p2', '/mine', '/p9', '/p1100'],
      ['/p7', '/p2', '/mine'],
    ];
    await fineTune(page, { model: 'large', histories, learningRate: 0.05 });
    const best = await page.evaluate(async (endpoint) => {
      const { createClient, loadFineTuned } = window.fixture;
      const tuned = await loadFineTuned({ client: createClient({ endpoint }), model: 'large' });
      const next = (history: string[]) => tuned?.next({ history, top: 1 }).next[0]?.page;
      return [next(['/p7', '/p2']), next(['/p2', '/mine', '/p9']), tuned?.tokens.length];
    }, api.url);
    expect(best).toEqual(['/mine', '/p1100', 1002]);
  });

  it('says which model, version and vocabulary the result came from, and answers without the network', async () => {
    const page = await openFixture();
    await fineTune(page, { model: 'random-simple', pairs: [['abc', 'bcd']], steps: 2 });
    await label(page, 'random-simple', 'abc'); // the code itself is there from now on
    await page.context().setOffline(true);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const tuned = await page.evaluate(async (endpoint) => {
      const { createClient, loadFineTuned } = window.fixture;
      const found = await loadFineTuned({ client: createClient({ endpoint }), model: 'random-simple' });
      return { ...found, labels: found?.label({ text: 'abc', top: 2 }).steps.length };
    }, api.url);
    expect(tuned).toMatchObject({
      model: 'random-simple',
      version: expect.stringMatching(/^\d{14}$/),
      vocabularyDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      labels: 3,
    });
    expect(asked).toEqual([]);
  });
});

/** Runs in the page; gives the name and message of what was thrown. */
function failure(page: Page, options: Omit<FineTuneOptions, 'client' | 'signal'>): Promise<string> {
  return fineTune(page, options).then(
    () => 'nothing was thrown',
    (error: Error) => error.message,
  );
}

describe('a fault', () => {
  it('of the options is named before anything is asked', async () => {
    const page = await openFixture();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    expect(await failure(page, {})).toContain('pairs or histories must be given');
    expect(await failure(page, { pairs: [['abc', 'ab']] })).toContain(
      'pairs[0] must hold a label a character',
    );
    expect(await failure(page, { histories: [['/a']] })).toContain(
      'histories[0] must be an array of at least two',
    );
    expect(await failure(page, { pairs: [['a', 'b']], steps: 0 })).toContain('steps must be');
    expect(asked).toEqual([]);
  });

  it('of the model is a sentence', async () => {
    const page = await openFixture();
    expect(await failure(page, { model: 'nobody', pairs: [['a', 'b']] })).toContain('answered 404');
    expect(await failure(page, { model: 'navigation', pairs: [['a', 'b']] })).toContain(
      'learns from histories',
    );
  });

  it('of the disk keeps the model from counting as saved', async () => {
    const page = await openFixture();
    const session = await page.context().newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site).origin, quotaSize: 1 });
    const message = await failure(page, { model: 'random-simple', pairs: [['abc', 'bcd']], steps: 1 });
    expect(message).toContain('storage refuses to save');
  });

  it('of what is stored is told, and forgetting mends it', async () => {
    const page = await openFixture();
    const options = { model: 'random-simple', pairs: [['abc', 'bcd']] as const, steps: 1 };
    await fineTune(page, options);
    await page.evaluate(async (endpoint) => {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const opening = indexedDB.open('pathcast');
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      const transaction = database.transaction('fine-tuned', 'readwrite');
      transaction.objectStore('fine-tuned').put({ format: 'something else' }, `${endpoint} random-simple`);
      await new Promise((done) => transaction.addEventListener('complete', done));
      database.close();
    }, api.url);
    await expect(label(page, 'random-simple', 'abc')).rejects.toThrow('damaged (format)');
    await page.evaluate(async (endpoint) => {
      const { createClient, forget } = window.fixture;
      await forget({ client: createClient({ endpoint }), model: 'random-simple' });
    }, api.url);
    await expect(label(page, 'random-simple', 'abc')).rejects.toThrow('No fine-tuned random-simple is saved');
  });
});

describe('a browser without WebGL', () => {
  it('fine-tunes on the CPU and says so', async () => {
    const page = await openFixture({ webgl: false });
    const steps = await fineTune(page, { pairs: [['pathcas', 'athcast']] });
    expect(steps.at(-1)?.backend).toBe('cpu');
    expect(await label(page, 'hihello', 'pathcas')).toBe('athcast');
    expect(await failure(page, { pairs: [['ab', 'bc']], backend: 'webgl' })).toContain('no WebGL');
  });
});

import type { Backend } from 'pathcast/fine-tune';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ALL_STEPS, useTuning, workerOf } from './tuning.ts';

const tuning = useTuning();

const WORD = [
  ['abcdxyz', 'bcdxyzx'],
  ['gfe', 'fed'],
] as const;

const HISTORIES = [
  ['/p2', '/mine', '/p9', '/p1100'],
  ['/p7', '/p2', '/mine'],
];

describe.each(['simple', 'gru', 'lstm'])('fine-tuning a %s cell', (cell) => {
  it('gives the same 50 losses on WebGL as on the CPU, from the same weights', async () => {
    const page = await tuning.open();
    const options = { model: `random-${cell}`, pairs: WORD, steps: 50, learningRate: 0.02, ...ALL_STEPS };
    const losses: Record<Backend, number[]> = { webgl: [], cpu: [] };
    for (const backend of ['webgl', 'cpu'] as const) {
      const steps = await tuning.fineTune(page, { ...options, backend });
      expect(steps.map((step) => `${step.backend} ${step.thread}`)).toEqual(
        Array(51).fill(`${backend} worker`),
      );
      losses[backend] = steps.map(({ loss }) => loss);
    }
    for (const [step, loss] of losses.webgl.entries()) {
      expect(Math.abs(loss - (losses.cpu[step] ?? Number.NaN))).toBeLessThan(1e-4);
    }
    expect(losses.cpu.at(-1)).toBeLessThan((losses.cpu[0] ?? 0) - 0.1);
  });
});

describe('fine-tuning', () => {
  it('teaches hihello a word in a worker on WebGL, and it still knows its own, before and after a reload', async () => {
    const page = await tuning.open();
    const steps = await tuning.fineTune(page, { pairs: [['pathcas', 'athcast']] });
    expect(steps.at(-1)).toMatchObject({ backend: 'webgl', thread: 'worker', steps: 400, headTokens: 5 });
    expect(steps.at(-1)?.outcome).toMatchObject({ kept: 'tuned' });
    expect(steps.at(-1)?.outcome?.drift).toBeLessThan(0.1);
    expect(steps.length).toBeLessThan(400);
    await expect.poll(() => page.workers()).toEqual([]);
    for (const _ of ['before', 'after']) {
      expect(await tuning.label(page, 'hihello', 'pathcas')).toBe('athcast');
      expect(await tuning.label(page, 'hihello', 'hihell')).toBe('ihello');
      await tuning.load(page);
    }
  });

  it('keeps the number of tensors over 200 steps, in a worker that ends when the loop is left', async () => {
    const page = await tuning.open();
    const options = { model: 'random-gru', pairs: [['abc', 'bcd']] as const, steps: 400, ...ALL_STEPS };
    const run = await tuning.begin(page, { ...options, learningRate: 0.001 });
    const counts = new Set<number>();
    for (let step = 1; step <= 200; step++) {
      await run.next();
      counts.add(await workerOf(page).evaluate(() => Reflect.get(globalThis, 'tf').memory().numTensors));
    }
    expect(counts.size).toBe(1);
    await run.leave();
    await expect.poll(() => page.workers()).toEqual([]);
  });

  it("rejects with the signal's reason when it aborts, ends the worker and saves nothing", async () => {
    const page = await tuning.open();
    const reason = await page.evaluate(async (endpoint) => {
      const { createClient, fineTune } = window.fixture;
      const abort = new AbortController();
      const options = {
        client: createClient({ endpoint }),
        model: 'random-gru',
        pairs: [['abc', 'bcd']] as const,
      };
      const steps = fineTune({ ...options, signal: abort.signal });
      await steps.next();
      const next = steps.next();
      abort.abort(new Error('enough'));
      return next.then(() => 'went on').catch((error: Error) => error.message);
    }, tuning.endpoint());
    expect(reason).toBe('enough');
    await expect.poll(() => page.workers()).toEqual([]);
    await expect(tuning.label(page, 'random-gru', 'abc')).rejects.toThrow('No fine-tuned random-gru');
  });

  it("learns the visitor's own visits, with a page that the head does not hold", async () => {
    const page = await tuning.open();
    const options = { model: 'large', histories: HISTORIES, learningRate: 0.05, maxDrift: 5 };
    const steps = await tuning.fineTune(page, options);
    expect(steps.at(-1)?.outcome?.kept).toBe('tuned');
    const best = await page.evaluate(async (endpoint) => {
      const { createClient, loadFineTuned } = window.fixture;
      const tuned = await loadFineTuned({ client: createClient({ endpoint }), model: 'large' });
      const next = (history: string[]) => tuned?.next({ history, top: 1 }).next[0]?.page;
      return [next(['/p7', '/p2']), next(['/p2', '/mine', '/p9']), tuned?.tokens.includes('/mine')];
    }, tuning.endpoint());
    expect(best).toEqual(['/mine', '/p1100', true]);
  });

  it('downloads by the client, and so by a fetch of its own', async () => {
    const page = await tuning.open();
    const asked = await page.evaluate(async (endpoint) => {
      const { createClient, fineTune } = window.fixture;
      const paths: string[] = [];
      const client = createClient({
        endpoint,
        fetch: (url, init) => {
          paths.push(String(url).slice(endpoint.length));
          return fetch(url, init);
        },
      });
      for await (const _ of fineTune({ client, model: 'random-gru', pairs: [['abc', 'bcd']], steps: 1 }));
      return paths.map((path) => path.replace(/\d{14}/, 'VERSION'));
    }, tuning.endpoint());
    const folder = '/v1/models/random-gru/versions/VERSION/heads/5';
    expect(asked.sort()).toEqual([
      '/v1/models/random-gru/metadata',
      `${folder}/group1-shard1.bin`,
      `${folder}/model.json`,
      `${folder}/tokens.json`,
    ]);
  });

  it('says which model, version and vocabulary the result came from, and answers without the network', async () => {
    const page = await tuning.open();
    await tuning.fineTune(page, { model: 'random-simple', pairs: [['abc', 'bcd']], steps: 2, ...ALL_STEPS });
    await tuning.label(page, 'random-simple', 'abc'); // the code itself is there from now on
    await page.context().setOffline(true);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const tuned = await page.evaluate(async (endpoint) => {
      const { createClient, loadFineTuned } = window.fixture;
      const found = await loadFineTuned({ client: createClient({ endpoint }), model: 'random-simple' });
      return { ...found, labels: found?.label({ text: 'abc', top: 2 }).steps.length };
    }, tuning.endpoint());
    expect(tuned).toMatchObject({
      model: 'random-simple',
      version: expect.stringMatching(/^\d{14}$/),
      vocabularyDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      labels: 3,
    });
    expect(asked).toEqual([]);
  });
});

describe('the guard', () => {
  it('keeps the base where what is learnt does not hold for visits held out', async () => {
    const page = await tuning.open();
    // The newest visit, which judges, leaves the page that all others open.
    const histories = [...Array(4).fill(['/p20', '/p40']), ['/p20', '/p60']];
    const options = { model: 'large', histories, learningRate: 0.05, maxDrift: 100 } as const;
    const steps = await tuning.fineTune(page, options);
    const last = steps.at(-1);
    expect(last).toMatchObject({ step: 0, outcome: { kept: 'base' } });
    expect(last?.outcome?.tunedLoss).toBe(last?.outcome?.baseLoss);
    expect(steps.length).toBeLessThan(60);
    expect(await saved(page, 'large')).toBe(false);
  });

  it('stops before the base is forgotten, and keeps what was learnt by then or the base', async () => {
    const page = await tuning.open();
    const options = {
      model: 'random-gru',
      pairs: [['abcde', 'edcba']] as const,
      learningRate: 0.5,
      targetLoss: 0,
    };
    const steps = await tuning.fineTune(page, { ...options, maxDrift: 0.01 });
    expect(steps.at(-1)?.outcome?.drift).toBeLessThanOrEqual(0.01);
    expect(steps.length).toBeLessThan(20);
  });
});

function saved(page: Page, model: string): Promise<boolean> {
  return page.evaluate(
    async ([endpoint, model]) => {
      const { createClient, loadFineTuned } = window.fixture;
      return (await loadFineTuned({ client: createClient({ endpoint }), model })) !== undefined;
    },
    [tuning.endpoint(), model] as const,
  );
}

describe('two tabs at once', () => {
  it('both learn, and the one that saves last is kept whole', async () => {
    const first = await tuning.open();
    const second = await first.context().newPage();
    await tuning.load(second);
    const learn = (page: Page, word: string) =>
      tuning.fineTune(page, { pairs: [[word.slice(0, -1), word.slice(1)]], backend: 'cpu' });
    await Promise.all([learn(first, 'pathcast'), learn(second, 'browser')]);
    const answers = await Promise.all([
      tuning.label(first, 'hihello', 'pathcas'),
      tuning.label(first, 'hihello', 'browse'),
    ]);
    expect(answers.filter((answer) => answer === 'athcast' || answer === 'rowser')).toHaveLength(1);
  });
});

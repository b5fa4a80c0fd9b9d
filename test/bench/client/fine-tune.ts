import '@tensorflow/tfjs'; // a backend, in which the exports build their graph
import { CELLS } from '@pathcast/models/spec';
import { serve } from '@pathcast/worker/scripts/server';
import { env } from '@tensorflow/tfjs-core';
import { chromium, type Page } from 'playwright-core';
import { startPage } from '../../browser/page-server.ts';
import { CHROMIUM_FLAGS, ensureChromium } from '../../chromium.ts';
import { randomModel } from '../../support/models.ts';
import { LETTERS, writeRandom } from '../../support/versions.ts';
import { inTemporaryFolder } from '../measure.ts';
import { atMost, type Bench, figure, type Row } from '../report.ts';

const BACKENDS = ['webgl', 'cpu'] as const;

/** A shop's size: the tutorial's units, and more pages than the head of 1,000 holds. */
const SHOP = { hiddenUnits: 100, vocabularySize: 1502, input: { type: 'embedding', units: 100 } } as const;

/** Fine-tuning in a real Chromium, whose WebGL runs in software: what is right, and what the page feels; no GPU's speed. */
export const clientFineTune: Bench = {
  title: 'Fine-tuning in the browser: WebGL against the CPU, the page, tensors',
  run: () =>
    inTemporaryFolder(async (artifacts) => {
      env().set('IS_TEST', true); // the plain CPU backend is enough here, and need not advise another
      for (const cell of CELLS) await writeRandom(artifacts, cell, randomModel({ ...LETTERS, cell }));
      await writeRandom(artifacts, 'shop', randomModel(SHOP));
      const [api, site, executablePath] = await Promise.all([
        serve({ artifacts }),
        startPage('fine-tune-bench.ts'),
        ensureChromium(),
      ]);
      const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS] });
      try {
        const page = await browser.newPage();
        await page.goto(`${site.url}worker/`);
        await page.waitForFunction("'bench' in globalThis");
        return [
          ...(await differences(page, api.url)),
          ...(await tensors(page, api.url)),
          ...(await shop(page, api.url)),
        ];
      } finally {
        await browser.close();
        await Promise.all([api.stop(), site.stop()]);
      }
    }),
};

/** Runs a function of `pages/fine-tune-bench.ts`. */
function call<T>(page: Page, name: string, options: object = {}): Promise<T> {
  return page.evaluate<T>(`bench.${name}(${JSON.stringify(options)})`);
}

async function differences(page: Page, endpoint: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const model of CELLS) {
    const webgl = await call<number[]>(page, 'losses', { endpoint, model, backend: 'webgl' });
    const cpu = await call<number[]>(page, 'losses', { endpoint, model, backend: 'cpu' });
    const most = Math.max(...webgl.map((loss, step) => Math.abs(loss - (cpu[step] ?? Number.NaN))));
    rows.push(
      atMost(
        `${model}: WebGL against the CPU, ${webgl.length} losses, the largest difference`,
        most,
        1e-4,
        'nats',
      ),
    );
  }
  return rows;
}

async function tensors(page: Page, endpoint: string): Promise<Row[]> {
  await call(page, 'begin', { endpoint, model: 'gru', backend: 'webgl' });
  const counts: number[] = [];
  for (let step = 1; step <= 200; step++) {
    await call(page, 'step');
    const [worker] = page.workers();
    if (!worker) throw new Error('fine-tuning started no worker');
    counts.push(await worker.evaluate<number>('tf.memory().numTensors'));
  }
  await call(page, 'end');
  return [atMost('numbers of tensors over 200 steps, besides the first', new Set(counts).size - 1, 0)];
}

/** A head of a shop's size on either backend. */
async function shop(page: Page, endpoint: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const backend of BACKENDS) {
    const options = { endpoint, model: 'shop', backend };
    const browser = page.context().browser();
    await browser?.startTracing(page, { categories: ['toplevel', '__metadata'] });
    const { stepMs, longestMs, headTokens } = await call<Visits>(page, 'visits', options);
    const trace = await browser?.stopTracing();
    const longestTaskMs = longestTask(JSON.parse(String(trace)));
    rows.push(
      atMost(`${backend}: the longest task of the page's thread`, longestTaskMs, 50, 'ms'),
      figure(
        `${backend}: the longest between two timers of the page, others' work included`,
        longestMs,
        'ms',
      ),
      figure(`${backend}: a step of 24 visits, ${headTokens} pages, 100 units`, stepMs, 'ms'),
    );
  }
  return rows;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** µs. */
  readonly dur?: number;
  readonly args: { readonly name?: string };
}

/** Of any page's main thread, in ms of wall time. */
function longestTask({ traceEvents }: { readonly traceEvents: readonly TraceEvent[] }): number {
  const threads = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => /RunTask$/.test(name) && threads.has(`${pid} ${tid}`),
  );
  if (tasks.length === 0) throw new Error('the trace holds no task of the page');
  return tasks.reduce((most, { dur = 0 }) => Math.max(most, dur / 1000), 0);
}

interface Visits {
  readonly stepMs: number;
  readonly longestMs: number;
  readonly headTokens: number;
}

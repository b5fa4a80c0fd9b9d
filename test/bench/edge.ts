import { join } from 'node:path';
import { kernelBytes } from '@pathcast/models/kernel/compile';
import { writePack } from '@pathcast/models/pack/pack';
import { loadBackend } from '@pathcast/train/backends/backend';
import { layersModelFiles } from '@pathcast/train/export/layers-model';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { randomModel } from '../support/models.ts';
import { median, ROOT } from './measure.ts';
import { atLeast, atMost, type Bench, figure, type Row } from './report.ts';

/** The tutorial's model: an LSTM of 100 over the one-hot of 52,739 pages. */
const TUTORIAL = randomModel({
  cell: 'lstm',
  hiddenUnits: 100,
  vocabularySize: 52_741,
  steps: 4,
  input: { type: 'one-hot' },
  output: 'dense',
  normalised: false,
});

/** How often each work is done within a request, so that the request itself hardly counts. */
const TIMES = { kernel: 400, plain: 20, tfjs: 2, reading: 400 } as const;
const ROUNDS = 15;

/** The kernel on workerd itself, beside other ways to the same answer, in turns. */
export const edge: Bench = {
  title:
    'One prediction and its top 20 on workerd: LSTM 100, one-hot, 52,739 pages; repeated inside a request',
  async run() {
    await loadBackend('wasm'); // the layers model is described by tfjs itself
    const miniflare = new Miniflare({
      compatibilityDate: '2026-04-01',
      modules: [
        { type: 'ESModule', path: join(ROOT, 'bench.mjs'), contents: await bundle() },
        {
          type: 'CompiledWasm',
          path: join(ROOT, 'kernel.wasm'),
          contents: await kernelBytes('relaxed-simd'),
        },
      ],
    });
    try {
      const url = await miniflare.ready;
      await send(url, 'pack', writePack({ ...TUTORIAL, vocabularyDigest: '0'.repeat(64) }));
      await send(url, 'layers', await layersForm());
      return rowsOf(await timeInTurns(url));
    } finally {
      await miniflare.dispose();
    }
  },
};

function rowsOf(ms: Record<keyof typeof TIMES, number>): Row[] {
  return [
    atMost('kernel and top 20', ms.kernel, 0.22, 'ms'),
    figure('reading its int8 rows once, four at a time, in a loop of JavaScript', ms.reading, 'ms'),
    figure('plain TypeScript', ms.plain, 'ms'),
    figure('tfjs, cpu backend', ms.tfjs, 'ms'),
    figure('kernel, times as fast as plain TypeScript', ms.plain / ms.kernel, 'times'),
    atLeast('kernel, times as fast as tfjs cpu', ms.tfjs / ms.kernel, 100, 'times'),
  ];
}

async function timeInTurns(url: URL): Promise<Record<keyof typeof TIMES, number>> {
  const names = Object.keys(TIMES) as (keyof typeof TIMES)[]; // its own keys
  const times = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of names) {
      const ms = await timeOf(url, name, TIMES[name]);
      if (round >= 0) times.get(name)?.push(ms);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<
    keyof typeof TIMES,
    number
  >; // the same keys
}

/** Ms of one turn of a work, less what an empty request takes. */
async function timeOf(url: URL, name: string, times: number): Promise<number> {
  const empty = await request(url, 'run/nothing?times=1');
  return ((await request(url, `run/${name}?times=${times}`)) - empty) / times;
}

async function request(url: URL, path: string): Promise<number> {
  const started = performance.now();
  const response = await fetch(new URL(path, url));
  await response.text();
  if (!response.ok) throw new Error(`the bench's Worker answered ${response.status} to ${path}`);
  return performance.now() - started;
}

async function send(url: URL, what: string, body: Uint8Array<ArrayBuffer> | FormData): Promise<void> {
  const response = await fetch(new URL(`load/${what}`, url), { method: 'POST', body });
  if (!response.ok)
    throw new Error(`the bench's Worker answered ${response.status}: ${await response.text()}`);
}

/** The exported layers model, whole. */
async function layersForm(): Promise<FormData> {
  const shards: Uint8Array<ArrayBuffer>[] = [];
  const form = new FormData();
  for await (const { path, bytes } of layersModelFiles(TUTORIAL)) {
    if (path.endsWith('.bin')) shards.push(bytes);
    else form.set('model', new TextDecoder().decode(bytes));
  }
  form.set('weights', new Blob(shards));
  form.set('steps', String(TUTORIAL.spec.steps));
  return form;
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'test/bench/edge/worker.ts')],
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    plugins: [
      {
        name: 'kernel beside the bundle',
        setup: ({ onResolve }) =>
          onResolve({ filter: /kernel\.relaxed-simd\.wasm$/ }, () => ({
            path: './kernel.wasm',
            external: true,
          })),
      },
    ],
  });
  return outputFiles[0]?.text ?? '';
}

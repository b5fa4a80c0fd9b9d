import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { kernelBytes, moduleBytes } from '@pathcast/models/kernel/compile';
import { writePack } from '@pathcast/models/pack/pack';
import type { Part } from '@pathcast/models/predictor/parts';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { build, type Plugin } from 'esbuild';
import { Miniflare } from 'miniflare';
import { median, ROOT } from '../measure.ts';
import { heapBytes } from './isolate-heap.ts';
import type { Histories } from './work.ts';

const require = createRequire(import.meta.url);
const ROUNDS = 15;

type Body = Uint8Array<ArrayBuffer> | FormData | string;

/** The Worker of `worker.ts` on a workerd of its own. */
export class BenchWorker {
  readonly #miniflare: Miniflare;
  readonly #url: URL;

  private constructor(miniflare: Miniflare, url: URL) {
    this.#miniflare = miniflare;
    this.#url = url;
  }

  static async start(): Promise<BenchWorker> {
    const miniflare = new Miniflare({
      compatibilityDate: '2026-04-01',
      inspectorPort: 0,
      modules: await modules(),
      modulesRoot: ROOT,
      cf: false, // else Miniflare asks Cloudflare for the details of a request
    });
    return new BenchWorker(miniflare, await miniflare.ready);
  }

  /** What is asked from now on, in turns, by works that are sent after it. */
  async ask(histories: Histories): Promise<void> {
    await this.load('histories', {}, JSON.stringify(histories));
  }

  /**
   * Sends a model's pack.
   * @param options.part what ranks; `mixture` by default.
   * @param options.copies of the model, in memories of their own, asked in turns; 1 by default.
   * @param options.batch histories of a turn, asked together; 1 by default.
   * @param options.plain asks plain TypeScript in place of the kernel.
   * @returns bytes of the kernels' memory, the pack's among them.
   */
  async loadModel(
    name: string,
    model: TrainedModel,
    options: { part?: Part; copies?: number; batch?: number; plain?: boolean } = {},
  ): Promise<number> {
    const { part = 'mixture', copies = 1, batch = 1, plain = false } = options;
    const spec = JSON.stringify(model.spec);
    const query = { name, part, copies: String(copies), batch: String(batch), spec };
    const pack = writePack({ ...model, vocabularyDigest: '0'.repeat(64) });
    return this.load('pack', { ...query, ...(plain ? { plain: '' } : {}) }, pack);
  }

  /** Sends what a work is made of. @param query how, `name` being the work's. @returns bytes of WebAssembly memory, where it says. */
  async load(kind: string, query: Record<string, string>, body: Body = ''): Promise<number> {
    const url = new URL(`load/${kind}?${new URLSearchParams(query)}`, this.#url);
    const response = await fetch(url, { method: 'POST', body });
    const text = await response.text();
    if (!response.ok) throw new Error(`the bench's Worker answered ${response.status} to ${kind}: ${text}`);
    return Number(text);
  }

  /** The isolate's heap and array buffers, in bytes: WebAssembly memory comes on top. */
  heapBytes(): Promise<number> {
    return heapBytes(this.#miniflare);
  }

  /**
   * Times works in turns, each once to warm up.
   * @param times how often each work is done within a request, so that the request itself hardly counts.
   * @returns the median of each, in ms, less what an empty request takes.
   */
  async time<Name extends string>(times: Record<Name, number>): Promise<Record<Name, number>> {
    const names = Object.keys(times) as Name[]; // a record's own keys
    const found = new Map<Name, number[]>(names.map((name) => [name, []]));
    for (let round = -1; round < ROUNDS; round++) {
      for (const name of names) {
        const empty = await this.run('nothing', 1);
        const ms = ((await this.run(name, times[name])) - empty) / times[name];
        if (round >= 0) found.get(name)?.push(ms);
      }
    }
    return Object.fromEntries(names.map((name) => [name, median(found.get(name) ?? [])])) as Record<
      Name,
      number
    >; // the same keys
  }

  stop(): Promise<void> {
    return this.#miniflare.dispose();
  }

  /** Does a work some times within one request. @returns ms. */
  async run(work: string, times: number): Promise<number> {
    const started = performance.now();
    const response = await fetch(new URL(`run/${work}?times=${times}`, this.#url));
    const text = await response.text();
    if (!response.ok) throw new Error(`the bench's Worker answered ${response.status} to ${work}: ${text}`);
    return performance.now() - started;
  }
}

/** The bundle, and the WebAssembly modules that it imports by their names. */
async function modules() {
  const wasm: Record<string, Uint8Array<ArrayBuffer>> = {
    'kernel.relaxed-simd.wasm': await kernelBytes('relaxed-simd'),
    'read.wasm': await moduleBytes(join(import.meta.dirname, 'kernel/read.ts'), 'simd'),
    'tfjs-backend-wasm-simd.wasm': await installed(
      '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
    ),
    'ort-wasm-simd-threaded.wasm': await installed('onnxruntime-web/ort-wasm-simd-threaded.wasm'),
  };
  return [
    { type: 'ESModule' as const, path: join(ROOT, 'bench.mjs'), contents: await bundle() },
    ...Object.entries(wasm).map(([name, contents]) => ({
      type: 'CompiledWasm' as const,
      path: join(ROOT, name),
      contents,
    })),
  ];
}

async function installed(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(require.resolve(path)));
}

const wasmBeside: Plugin = {
  name: 'WebAssembly beside the bundle',
  setup: ({ onResolve }) =>
    onResolve({ filter: /[^/]+\.wasm$/ }, ({ path }) => ({
      path: `./${path.slice(path.lastIndexOf('/') + 1)}`,
      external: true,
    })),
};

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'worker.ts')],
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    plugins: [wasmBeside],
  });
  return outputFiles[0]?.text ?? '';
}

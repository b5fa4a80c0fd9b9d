import kernelModule from '@pathcast/models/kernel.relaxed-simd.wasm';
import { openPack } from '@pathcast/models/pack/pack';
import { Kernel } from '@pathcast/models/predictor/kernel';
import type { Part } from '@pathcast/models/predictor/parts';
import { createPredictor, type Predictor } from '@pathcast/models/predictor/predictor';
import type { ModelSpec } from '@pathcast/models/spec';
import readModule from './read.wasm';
import { atTurn, type Histories, TOP, type Work } from './work.ts';

/** What can be timed, once its files were sent. */
const works = new Map<string, Work>([
  ['nothing', { turn() {} }],
  ['litter', { turn: collectGarbage }],
]);
let histories: Histories = { pages: [], ids: [] };

/** A work, and bytes of the WebAssembly memory that it has, where they are known. */
interface Loaded {
  readonly work?: Work;
  readonly bytes?: number;
}

/** Makes a work of a request's body. @param query the request's. */
type Loader = (request: Request, query: URLSearchParams) => Promise<Loaded>;

const LOADERS: Record<string, Loader> = {
  async histories(request) {
    histories = (await request.json()) as Histories; // the bench's own words
    return {};
  },

  /** A pack, streamed into a kernel as the Worker's store does; `copies` of it are asked in turns. */
  async pack(request, query) {
    const spec: ModelSpec = JSON.parse(query.get('spec') ?? ''); // the bench's own words
    const part = query.get('part') as Part; // likewise
    const bytes = Number(request.headers.get('content-length'));
    const first = new Kernel(kernelModule, bytes, spec);
    let at = 0;
    for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
      first.bytes.set(chunk, at);
      at += chunk.length;
    }
    const kernels = [first];
    while (kernels.length < Number(query.get('copies') ?? 1)) {
      const copy = new Kernel(kernelModule, bytes, spec);
      copy.bytes.set(first.bytes);
      kernels.push(copy);
    }
    const predictors = kernels.map((kernel) => {
      const pack = openPack(kernel.bytes);
      return query.has('plain') ? createPredictor(pack) : createPredictor(pack, kernel.engine(pack));
    });
    const batch = Number(query.get('batch') ?? 1);
    const work: Work = { turn: (turn) => predict(atTurn(predictors, turn), { turn, part, batch }) };
    return { work, bytes: kernels.reduce((sum, { byteLength }) => sum + byteLength, 0) };
  },

  /** As many bytes in memories of their own, each read once, in turns. */
  async reading(_, query) {
    const bytes = Math.ceil(Number(query.get('bytes')) / 128) * 128;
    const readers = Array.from({ length: Number(query.get('copies') ?? 1) }, () => readerOf(bytes));
    return { work: { turn: (turn) => atTurn(readers, turn)() } };
  },

  async tfjs(request, query) {
    const { tfjsWork } = await import('./foreign.ts');
    return { work: await tfjsWork(await request.formData(), query.get('backend') ?? '', histories) };
  },

  async onnx(request) {
    const { onnxWork } = await import('./foreign.ts');
    return { work: await onnxWork(await request.arrayBuffer(), histories) };
  },
};

/** Takes so much memory that V8 collects what is garbage, and gives it back at once. */
function collectGarbage(): void {
  const taken = Array.from({ length: 8 }, () => new ArrayBuffer(64e6));
  for (const buffer of taken) (buffer as unknown as Transferable).transfer(0);
}

/** Of ES2024. */
interface Transferable {
  transfer(length: number): unknown;
}

function predict(
  predictor: Predictor,
  { turn, part, batch }: { turn: number; part: Part; batch: number },
): void {
  const asked = Array.from({ length: batch }, (_, i) => atTurn(histories.pages, turn + i));
  for (const next of predictor.nextOfEach(asked, { top: TOP, part })) {
    if (next.length !== TOP) throw new Error('the prediction is short');
  }
}

const READ_FROM = 1024;
const PAGE = 65_536;

function readerOf(bytes: number): () => void {
  const pages = Math.ceil((READ_FROM + bytes) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const place = new Uint8Array(memory.buffer, READ_FROM, bytes).fill(1);
  place[bytes - 1] = 2; // without it, the xor of an even number of equal vectors is 0
  const env = { memory, abort: () => {} };
  const { exports } = new WebAssembly.Instance(readModule, { env });
  const { isXorZero } = exports as { isXorZero(start: number, length: number): number }; // `kernel/read.ts`
  return () => {
    if (isXorZero(READ_FROM, bytes)) throw new Error('the reader did not come to the end');
  };
}

/**
 * `POST /load/KIND?name=WORK` takes files and answers with the WebAssembly memory that they took, in bytes; `GET /run/WORK?times=N` does a
 * work N times: workerd stops its clocks within a request, so that it is timed from outside.
 */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams: query } = new URL(request.url);
    const [, verb, what = ''] = pathname.split('/');
    if (verb === 'load') {
      const { work, bytes = 0 } = (await LOADERS[what]?.(request, query)) ?? {};
      if (work) works.set(query.get('name') ?? '', work);
      return new Response(String(bytes));
    }
    const work = works.get(what);
    if (!work) return new Response(`there is no work "${what}"`, { status: 404 });
    await work.prepare?.();
    const times = Number(query.get('times'));
    for (let turn = 0; turn < times; turn++) {
      const done = work.turn(turn);
      if (done instanceof Promise) await done;
    }
    return new Response('done');
  },
};

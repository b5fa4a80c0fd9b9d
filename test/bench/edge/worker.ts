import kernelModule from '@pathcast/models/kernel.relaxed-simd.wasm';
import { openPack } from '@pathcast/models/pack/pack';
import { Kernel } from '@pathcast/models/predictor/kernel';
import { createPredictor, type Predictor } from '@pathcast/models/predictor/predictor';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';

const TOP = 20;

type Work = (turn: number) => void;

/** What can be timed, once its files were sent. */
const works: Record<string, Work> = {};

/** Histories that differ from turn to turn, so that no answer is one of before. */
function historyOf(turn: number, steps: number): string[] {
  return Array.from({ length: steps }, (_, i) => `/p${2 + ((turn * 7919 + i * 104_729) % 50_000)}`);
}

function predictWith(predictor: Predictor): Work {
  return (turn) => {
    const next = predictor.next(historyOf(turn, predictor.spec.steps), { top: TOP, part: 'recurrent' });
    if (next.length !== TOP) throw new Error('the prediction is short');
  };
}

const LOADERS: Record<string, (request: Request) => Promise<void>> = {
  async pack(request) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    const { spec } = openPack(bytes);
    const kernel = new Kernel(kernelModule, bytes.length, spec);
    kernel.bytes.set(bytes);
    const pack = openPack(kernel.bytes);
    works.kernel = predictWith(createPredictor(pack, kernel.scorer(pack)));
    works.plain = predictWith(createPredictor(pack));
    const { rows } = pack.output;
    const words = new Int32Array(rows.buffer, Math.ceil(rows.byteOffset / 4) * 4, (rows.length >> 2) - 1);
    works.reading = () => {
      let seen = 0;
      for (let i = 0; i < words.length; i++) seen ^= words[i] ?? 0;
      if (seen === 1) throw new Error('kept, so that the loop is not left out');
    };
    works.nothing = () => {};
  },
  async layers(request) {
    const form = await request.formData();
    const text = form.get('model');
    const data = form.get('weights');
    const steps = Number(form.get('steps'));
    if (typeof text !== 'string' || typeof data === 'string' || !data) throw new Error('a file is missing');
    const { modelTopology, weightsManifest } = JSON.parse(text);
    const weightSpecs = weightsManifest.flatMap(({ weights }: { weights: unknown[] }) => weights);
    const weightData = await (data as unknown as Blob).arrayBuffer();
    await tf.setBackend('cpu');
    const model = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
    works.tfjs = (turn) => {
      tf.tidy(() => {
        const ids = historyOf(turn, steps).map((page) => Number(page.slice(2)));
        const probabilities = model.predict(tf.tensor2d(ids, [1, steps], 'int32')) as tf.Tensor;
        tf.topk(probabilities, TOP).values.dataSync();
      });
    };
  },
};

/** `POST /load/…` takes files; `GET /run/WORK?times=N` does some work N times: workerd stops its clocks within a request. */
export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, verb, name = ''] = url.pathname.split('/');
    if (verb === 'load') await LOADERS[name]?.(request);
    else {
      const work = works[name];
      if (!work) return new Response(`there is no work "${name}"`, { status: 404 });
      const times = Number(url.searchParams.get('times'));
      for (let turn = 0; turn < times; turn++) work(turn);
    }
    return new Response('done');
  },
};

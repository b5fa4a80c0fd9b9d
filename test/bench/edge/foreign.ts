import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import * as ort from 'onnxruntime-web/wasm';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import tfjsModule from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
import ortModule from 'onnxruntime-web/ort-wasm-simd-threaded.wasm';
import { atTurn, type Histories, TOP, type Work } from './work.ts';

/** A layers model, on one of tfjs's backends. @param form its `model` (JSON) and `weights`. */
export async function tfjsWork(form: FormData, backend: string, { ids }: Histories): Promise<Work> {
  if (backend === 'wasm') await startTfjsWasm();
  await tf.setBackend(backend);
  const { modelTopology, weightsManifest } = JSON.parse(await textOf(form, 'model'));
  const weightSpecs = weightsManifest.flatMap(({ weights }: { weights: unknown[] }) => weights);
  const weightData = await bytesOf(form, 'weights');
  const model = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  return {
    prepare: () => tf.setBackend(backend),
    turn(turn) {
      tf.tidy(() => {
        const history = atTurn(ids, turn);
        const input = tf.tensor2d([...history], [1, history.length], 'int32');
        tf.topk(model.predict(input) as tf.Tensor, TOP).values.dataSync(); // one output
      });
    },
  };
}

async function startTfjsWasm(): Promise<void> {
  tf.env().set('WASM_HAS_SIMD_SUPPORT', true);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  tf.env().platform.fetch = async () => new Response(new Uint8Array(8));
  setWasmPaths('/', true);
  await withModule(tfjsModule, () => tf.setBackend('wasm'));
}

/** An ONNX model on onnxruntime-web's WebAssembly, one thread. @param bytes ids int64 [1, T] to probabilities and ids of the top. */
export async function onnxWork(bytes: ArrayBuffer, { ids }: Histories): Promise<Work> {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = new ArrayBuffer(8);
  const session = await withModule(ortModule, () =>
    ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: ['wasm'] }),
  );
  return {
    async turn(turn) {
      const history = atTurn(ids, turn);
      await session.run({
        ids: new ort.Tensor('int64', BigInt64Array.from(history, BigInt), [history.length, 1]),
      });
    },
  };
}

interface Instantiate {
  instantiate(source: unknown, imports: object): Promise<unknown>;
}

/** workerd compiles nothing at run time: whoever asks for it is given the module that came with the Worker. */
async function withModule<T>(module: WebAssembly.Module, work: () => Promise<T>): Promise<T> {
  const wasm = WebAssembly as unknown as Instantiate; // declared by each runtime in its own way
  const own = wasm.instantiate;
  wasm.instantiate = async (_, imports) => ({ module, instance: await own(module, imports) });
  try {
    return await work();
  } finally {
    wasm.instantiate = own;
  }
}

async function textOf(form: FormData, name: string): Promise<string> {
  return new TextDecoder().decode(await bytesOf(form, name));
}

async function bytesOf(form: FormData, name: string): Promise<ArrayBuffer> {
  const file = form.get(name);
  if (!(file instanceof Blob)) throw new Error(`the form has no file "${name}"`);
  return file.arrayBuffer();
}

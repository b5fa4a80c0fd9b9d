import { layersModelFiles } from '@pathcast/train/export/layers-model';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { atLeast, atMost, figure, type Row } from '../report.ts';
import { BenchWorker } from './bench-worker.ts';
import { histories, tutorialModel } from './models.ts';
import { checkOnnx, onnxModel } from './onnx-model.ts';

/** What a prediction must read of an output row: 100 int8, scale and bias. */
const ROW_BYTES = 108;
/** Between two turns of a table, the others': 70 MB, more than a core's caches and its share of the last level. */
const COPIES = 12;
/** Histories of one request. */
const BATCH = 64;

/** The kernel on the tutorial's model, beside other ways to the same answer, all within workerd, in turns. */
export async function speedRows(): Promise<Row[]> {
  const model = tutorialModel();
  const onnx = onnxModel(model);
  await checkOnnx(onnx, model);
  const worker = await BenchWorker.start();
  try {
    await worker.ask(histories(model, model.spec.steps));
    const bytes = model.spec.vocabularySize * ROW_BYTES;
    await worker.loadModel('kernel', model, { part: 'recurrent' });
    await worker.loadModel('batch', model, { part: 'recurrent', batch: BATCH });
    await worker.loadModel('plain', model, { part: 'recurrent', plain: true });
    await worker.loadModel('coldKernel', model, { part: 'recurrent', copies: COPIES });
    await worker.load('reading', { name: 'reading', bytes: String(bytes) });
    await worker.load('reading', { name: 'coldReading', bytes: String(bytes), copies: String(COPIES) });
    await worker.load('tfjs', { name: 'tfjsCpu', backend: 'cpu' }, await layersForm(model));
    await worker.load('tfjs', { name: 'tfjsWasm', backend: 'wasm' }, await layersForm(model));
    await worker.load('onnx', { name: 'onnx' }, onnx);
    const ms = await worker.time({
      kernel: 300,
      batch: 10,
      reading: 300,
      coldKernel: 300,
      coldReading: 300,
      plain: 15,
      tfjsCpu: 3,
      tfjsWasm: 20,
      onnx: 50,
    });
    return [
      atMost('tutorial model: kernel and top 20', ms.kernel, 0.22, 'ms'),
      figure(`tutorial model: the same, each of ${BATCH} in a batch`, ms.batch / BATCH, 'ms'),
      figure('tutorial model: tfjs, cpu backend', ms.tfjsCpu, 'ms'),
      figure('tutorial model: tfjs, wasm backend', ms.tfjsWasm, 'ms'),
      figure('tutorial model: onnxruntime-web, wasm', ms.onnx, 'ms'),
      figure('tutorial model: plain TypeScript', ms.plain, 'ms'),
      atLeast('kernel, times as fast as tfjs cpu', ms.tfjsCpu / ms.kernel, 100, 'times'),
      atLeast('kernel, times as fast as tfjs wasm', ms.tfjsWasm / ms.kernel, 50, 'times'),
      atLeast('kernel, times as fast as onnxruntime-web', ms.onnx / ms.kernel, 3, 'times'),
      figure(`reading its ${(bytes / 1e6).toFixed(1)} MB of output table, SIMD`, ms.reading, 'ms'),
      figure(`the same, ${COPIES} copies in turns`, ms.coldReading, 'ms'),
      figure(`kernel, ${COPIES} copies in turns`, ms.coldKernel, 'ms'),
      atMost('kernel over reading, copies in turns', ms.coldKernel / ms.coldReading, 1.6, 'times'),
      figure('kernel over reading, one copy', ms.kernel / ms.reading, 'times'),
    ];
  } finally {
    await worker.stop();
  }
}

/** The exported layers model, whole. */
async function layersForm(model: TrainedModel): Promise<FormData> {
  const shards: Uint8Array<ArrayBuffer>[] = [];
  const form = new FormData();
  for await (const { path, bytes } of layersModelFiles(model)) {
    if (path.endsWith('.bin')) shards.push(bytes);
    else form.set('model', new Blob([bytes]));
  }
  form.set('weights', new Blob(shards));
  return form;
}

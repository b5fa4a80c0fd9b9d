import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { atMost, type Row } from '../report.ts';
import { BenchWorker } from './bench-worker.ts';
import { histories, PAGES, tiedModel, tutorialModel } from './models.ts';

/** Enough to fill whatever a prediction keeps. */
const PREDICTIONS = 200;
const READINGS = 5;

/** The memory of the tutorial's model and of the default recipe's, with as many pages. */
export async function memoryRows(): Promise<Row[]> {
  const tutorial = await megabytesOf(tutorialModel());
  const tied = await megabytesOf(tiedModel(PAGES));
  return [
    atMost('memory of the isolate, tutorial model', tutorial, 40, 'MB'),
    atMost(`memory of the isolate, tied model of ${PAGES.toLocaleString('en')} pages`, tied, 20, 'MB'),
  ];
}

/** What a model takes of a fresh isolate: its WebAssembly memory, and what heap and array buffers grew by, in MB. */
export async function megabytesOf(model: TrainedModel): Promise<number> {
  const worker = await BenchWorker.start();
  try {
    await worker.ask(histories(model, 4));
    const before = await settledHeap(worker);
    const kernel = await worker.loadModel('model', model);
    await worker.run('model', PREDICTIONS);
    return (kernel + (await settledHeap(worker)) - before) / 1e6;
  } finally {
    await worker.stop();
  }
}

/** The least of some readings, each after V8 was made to collect what is garbage. */
async function settledHeap(worker: BenchWorker): Promise<number> {
  const readings: number[] = [];
  for (let reading = 0; reading < READINGS; reading++) {
    await worker.run('litter', 2);
    readings.push(await worker.heapBytes());
  }
  return Math.min(...readings);
}

import { parentPort, workerData } from 'node:worker_threads';
import { loadBackend } from '../backends/backend.ts';
import { Windows } from './batches.ts';
import { orderOf, Stepper, type Work } from './crew.ts';
import { CONTROL, type EpochOrder, type WorkerMessage, type WorkerStart } from './worker-crew.ts';

/** A thread that trains: started by `WorkerCrew`, which says what over its port. */
const port = parentPort;
if (!port) throw new Error('this is a worker of WorkerCrew');
const { work: shared, windows, control } = workerData as WorkerStart; // given by WorkerCrew.start alone
const work: Work = { ...shared, windows: new Windows(windows) };
await loadBackend('wasm');
const stepper = new Stepper(work);
const say = (message: WorkerMessage) => port.postMessage(message);

port.on('message', async ({ epoch, schedule }: EpochOrder) => {
  const batches = orderOf(work, epoch);
  while (Atomics.load(control, CONTROL.stop) === 0) {
    const index = Atomics.add(control, CONTROL.next, 1);
    const batch = batches[index];
    if (!batch) {
      Atomics.sub(control, CONTROL.next, 1); // so that `next` counts what is done
      break;
    }
    const report = await stepper.step(batch, { epoch, index }, schedule);
    if (report) say({ events: report.events, loss: await report.loss() });
  }
  say('idle');
});
say('idle');

import { packFault, type Reply, type Request } from './messages.ts';
import type { Progress } from './options.ts';
import { run } from './run.ts';

/** In a worker: does one run for the page, a step at each request. The page ends it by ending the worker. */
export function serveRun(): void {
  let steps: AsyncGenerator<Progress, void, undefined> | undefined;
  const answers: ((bytes: ArrayBuffer) => void)[] = [];
  const reply = (message: Reply) => postMessage(message);
  const ask = (path: string) =>
    new Promise<ArrayBuffer>((resolve) => {
      reply({ type: 'ask', id: answers.push(resolve) - 1, path });
    });

  async function step(): Promise<void> {
    try {
      const next = await steps?.next();
      reply(!next || next.done ? { type: 'done' } : { type: 'progress', progress: next.value });
    } catch (error) {
      reply({ type: 'fault', fault: packFault(error) });
    }
  }

  addEventListener('message', ({ data }: MessageEvent<Request>) => {
    if (data.type === 'answer') {
      answers[data.id]?.(data.bytes);
      return;
    }
    if (data.type === 'start') {
      const { task, endpoint } = data;
      steps = run({ task, endpoint, ask, thread: 'worker' });
    }
    void step();
  });
  reply({ type: 'ready' });
}

import type { Client } from '../client.ts';
import { FineTuneError } from './errors.ts';
import { type Reply, type Request, unpackFault } from './messages.ts';
import type { Progress, Task } from './options.ts';

/** A head is a few hundred kilobytes: more patience than for a prediction. */
const DOWNLOAD_TIMEOUT_MS = 60_000;

/** Gets a path of the client's API, whichever thread computes: a client, with a fetch of its own, cannot leave the page. */
export function download(
  client: Client,
  path: string,
  signal: AbortSignal | undefined,
): Promise<ArrayBuffer> {
  const read = (response: Response) => response.arrayBuffer();
  return client.request(path, read, { signal, timeoutMs: DOWNLOAD_TIMEOUT_MS });
}

/**
 * Starts the worker, and waits until its script has run.
 * @returns undefined where the browser, its policy or the site has no such worker.
 */
export async function startWorker(signal: AbortSignal | undefined): Promise<Worker | undefined> {
  let worker: Worker;
  try {
    // In this very form, which bundlers look for.
    worker = new Worker(new URL('./fine-tune-worker.js', import.meta.url), { type: 'module' });
  } catch {
    return undefined;
  }
  const isReady = await new Promise<boolean>((resolve) => {
    worker.addEventListener('message', () => resolve(true), { once: true });
    worker.addEventListener('error', (event) => {
      // The page's thread takes over: nothing of it is the page's to see.
      event.preventDefault();
      resolve(false);
    });
    signal?.addEventListener('abort', () => resolve(false), { once: true });
    setTimeout(() => resolve(false), DOWNLOAD_TIMEOUT_MS);
  });
  if (isReady) return worker;
  worker.terminate();
  signal?.throwIfAborted();
  return undefined;
}

/** Runs a task in the worker, a step at each turn of the loop; however the loop is left, the worker ends. */
export async function* runInWorker(
  worker: Worker,
  task: Task,
  { client, signal }: { readonly client: Client; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Progress, void, undefined> {
  const ended = new AbortController();
  const options = { signal: ended.signal };
  let settle: { resolve(reply: Reply): void; reject(reason: unknown): void } | undefined;
  const send = (message: Request, transfer: Transferable[] = []) => worker.postMessage(message, transfer);
  const fail = (reason: unknown) => settle?.reject(reason);
  const answer = async (id: number, path: string) => {
    const bytes = await download(client, path, signal);
    send({ type: 'answer', id, bytes }, [bytes]);
  };
  worker.addEventListener(
    'message',
    ({ data }: MessageEvent<Reply>) => {
      if (data.type === 'ask') answer(data.id, data.path).catch(fail);
      else settle?.resolve(data);
    },
    options,
  );
  worker.addEventListener(
    'error',
    ({ message }) => fail(new FineTuneError(`The worker failed (${message})`)),
    options,
  );
  signal?.addEventListener('abort', () => fail(signal.reason), options);
  try {
    for (
      let request: Request = { type: 'start', task, endpoint: client.endpoint };
      ;
      request = { type: 'next' }
    ) {
      signal?.throwIfAborted();
      const reply = await new Promise<Reply>((resolve, reject) => {
        settle = { resolve, reject };
        send(request);
      });
      if (reply.type === 'fault') throw unpackFault(reply.fault);
      if (reply.type !== 'progress') return;
      yield reply.progress;
    }
  } finally {
    ended.abort();
    worker.terminate();
  }
}

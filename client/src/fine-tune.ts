import type { Client } from './client.ts';
import { FineTuneError, NotFineTunedError } from './fine-tune/errors.ts';
import { check, checkOptions, type FineTuneOptions, type Progress } from './fine-tune/options.ts';
import type { FineTuned } from './fine-tune/predictor.ts';
import { download, runInWorker, startWorker } from './fine-tune/thread.ts';
import type { Labels, NextPages } from './types.ts';

export { FineTuneError, NotFineTunedError, StaleModelError, StorageError } from './fine-tune/errors.ts';
export type { Backend, FineTuneOptions, Outcome, Progress, Thread } from './fine-tune/options.ts';
export type { FineTuned } from './fine-tune/predictor.ts';

/** Which saved model: of this client's API, by name. */
export interface SavedModel {
  readonly client: Client;
  readonly model: string;
  /** The API's current version, as its answers name it: what was learnt on another one is then refused. */
  readonly version?: string | undefined;
}

/**
 * Fine-tunes a model on the visitor's own sequences, in the browser, and keeps the result in IndexedDB.
 *
 * Runs in a worker, so that the page stays free, and in the page's thread where there can be none. Always starts from the
 * API's current model. Where what was learnt is better than the base it is saved before the last progress, which says so;
 * where it is not, what was saved before stays. Leaving the loop early, or aborting, frees everything and saves nothing.
 * Nothing of tfjs is loaded before the first step is asked.
 *
 * @throws InputError, FineTuneError or StorageError; while downloading also as the client does; the signal's reason.
 */
export async function* fineTune(options: FineTuneOptions): AsyncGenerator<Progress, void, undefined> {
  const task = checkOptions(options);
  const { client, signal } = options;
  signal?.throwIfAborted();
  const worker = await startWorker(signal);
  if (worker) yield* runInWorker(worker, task, { client, signal });
  else {
    const { run } = await import('./fine-tune/run.ts').catch((cause: unknown) => {
      const packages = 'tfjs-core, -layers, -backend-webgl and -backend-cpu 4.22.0';
      throw new FineTuneError(`Fine-tuning needs @tensorflow/${packages}, and they did not load`, { cause });
    });
    const ask = (path: string) => download(client, path, signal);
    yield* run({ task, endpoint: client.endpoint, ask, thread: 'page', signal });
  }
}

/**
 * Opens the model that was fine-tuned in this browser, or undefined when there is none. Asks the server nothing: it answers as
 * the version that it was learnt on, until it is tuned again.
 * @throws StaleModelError when that is not the `version` given, or the base beside it is another one; StorageError when the browser's storage refuses or is damaged.
 */
export async function loadFineTuned({ client, model, version }: SavedModel): Promise<FineTuned | undefined> {
  const { open } = await import('./fine-tune/local.ts');
  return open(place({ client, model }), version);
}

/**
 * Predicts once from the fine-tuned model: pages for a `history`, labels for a `text`. Asks the server nothing.
 * For more than one prediction, keep what `loadFineTuned` gives.
 * @throws NotFineTunedError when there is none; as `loadFineTuned`.
 */
export function predictLocally(options: {
  readonly client: Client;
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly history: readonly string[];
  readonly top?: number | undefined;
}): Promise<NextPages>;
export function predictLocally(options: {
  readonly client: Client;
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly text: string;
  readonly top?: number | undefined;
}): Promise<Labels>;
export async function predictLocally(options: {
  readonly client: Client;
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly history?: readonly string[];
  readonly text?: string;
  readonly top?: number | undefined;
}): Promise<NextPages | Labels> {
  const { client, version, history, text, top } = options;
  const model = options.model ?? (history ? client.navigationModel : client.labelModel);
  const tuned = await loadFineTuned({ client, model, version });
  if (!tuned) throw new NotFineTunedError(`No fine-tuned ${model} is saved in this browser`);
  if (history) return tuned.next({ history, top });
  check(text !== undefined, 'history', 'or text must be given');
  return tuned.label({ text, top });
}

/** Deletes the fine-tuned model from this browser. @throws StorageError when the browser's storage refuses. */
export async function forget({ client, model }: SavedModel): Promise<void> {
  const { remove } = await import('./fine-tune/local.ts');
  await remove(place({ client, model }));
}

function place({ client, model }: SavedModel) {
  check(typeof client?.endpoint === 'string', 'client', 'must come from createClient');
  check(typeof model === 'string' && model !== '', 'model', 'must be a non-empty string');
  return { endpoint: client.endpoint, model };
}

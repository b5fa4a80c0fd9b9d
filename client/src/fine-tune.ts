import type { Client } from './client.ts';
import { FineTuneError, NotFineTunedError } from './fine-tune/errors.ts';
import { check, checkOptions, type FineTuneOptions, type Progress } from './fine-tune/options.ts';
import type { FineTuned } from './fine-tune/predictor.ts';
import type { Labels, NextPages } from './types.ts';

export { FineTuneError, NotFineTunedError, StorageError } from './fine-tune/errors.ts';
export type { Backend, FineTuneOptions, Progress } from './fine-tune/options.ts';
export type { FineTuned } from './fine-tune/predictor.ts';

/** Which saved model: of this client's API, by name. */
export interface SavedModel {
  readonly client: Client;
  readonly model: string;
}

/**
 * Fine-tunes a model on the visitor's own sequences, in the browser, and keeps the result in IndexedDB.
 *
 * Always starts from the API's current model. What was learnt is saved when the generator ends by itself; leaving the
 * loop early, or aborting, frees everything and saves nothing. Nothing of tfjs is loaded before the first step is asked.
 *
 * @throws InputError, FineTuneError or StorageError; while downloading also as the client does; the signal's reason.
 */
export async function* fineTune(options: FineTuneOptions): AsyncGenerator<Progress, void, undefined> {
  const task = checkOptions(options);
  options.signal?.throwIfAborted();
  const { run } = await import('./fine-tune/run.ts').catch((cause: unknown) => {
    const packages = 'tfjs-core, -layers, -backend-webgl and -backend-cpu 4.22.0';
    throw new FineTuneError(`Fine-tuning needs @tensorflow/${packages}, and they did not load`, { cause });
  });
  yield* run(options, task);
}

/**
 * Opens the model that was fine-tuned in this browser, or undefined when there is none. Asks the server nothing.
 * @throws StorageError when the browser's storage refuses or is damaged.
 */
export async function loadFineTuned({ client, model }: SavedModel): Promise<FineTuned | undefined> {
  const { open } = await import('./fine-tune/local.ts');
  return open(place({ client, model }));
}

/**
 * Predicts once from the fine-tuned model: pages for a `history`, labels for a `text`. Asks the server nothing.
 * For more than one prediction, keep what `loadFineTuned` gives.
 * @throws NotFineTunedError when there is none; as `loadFineTuned`.
 */
export function predictLocally(options: {
  readonly client: Client;
  readonly model?: string | undefined;
  readonly history: readonly string[];
  readonly top?: number | undefined;
}): Promise<NextPages>;
export function predictLocally(options: {
  readonly client: Client;
  readonly model?: string | undefined;
  readonly text: string;
  readonly top?: number | undefined;
}): Promise<Labels>;
export async function predictLocally(options: {
  readonly client: Client;
  readonly model?: string | undefined;
  readonly history?: readonly string[];
  readonly text?: string;
  readonly top?: number | undefined;
}): Promise<NextPages | Labels> {
  const { client, history, text, top } = options;
  const model = options.model ?? (history ? client.navigationModel : client.labelModel);
  const tuned = await loadFineTuned({ client, model });
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

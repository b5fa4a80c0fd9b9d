import { PathcastError, ResponseError } from '../errors.ts';
import { badAnswer, FineTuneError, StorageError } from './errors.ts';
import type { Progress, Task } from './options.ts';

/** From the page: begin; take a step more; or what was asked for. The worker answers the first two with one reply. */
export type Request =
  | { readonly type: 'start'; readonly task: Task; readonly endpoint: string }
  | { readonly type: 'next' }
  | { readonly type: 'answer'; readonly id: number; readonly bytes: ArrayBuffer };

/** From the worker. */
export type Reply =
  | { readonly type: 'ready' }
  | { readonly type: 'ask'; readonly id: number; readonly path: string }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'done' }
  | { readonly type: 'fault'; readonly fault: Fault };

/** An error of this package, as it crosses: classes do not. */
interface Fault {
  readonly name: string;
  readonly message: string;
  readonly detail?: readonly [url: string, field: string] | undefined;
}

export function packFault(error: unknown): Fault {
  if (error instanceof ResponseError) {
    return { name: error.name, message: error.message, detail: [error.url, error.field] };
  }
  if (error instanceof PathcastError) return { name: error.name, message: error.message };
  return { name: 'FineTuneError', message: `Fine-tuning failed (${error})` };
}

export function unpackFault({ name, message, detail }: Fault): PathcastError {
  if (detail) return badAnswer(...detail);
  return name === 'StorageError' ? new StorageError(message) : new FineTuneError(message);
}

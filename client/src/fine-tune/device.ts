import type { ModelSpec } from '@pathcast/models/spec';
import type { Thread } from './options.ts';

/** What a step may take: a page's own thread must stay free for its visitor. */
const STEP_BUDGET_MS: Readonly<Record<Thread, number>> = { worker: 250, page: 40 };

/** The share of the device's memory that tuning may take. */
const MEMORY_SHARE = 0.01;

/** What browsers that do not tell have, in GiB. */
const USUAL_MEMORY_GIB = 4;

/** Float32 tensors of the size of a batch's logits that live at once, and of the output's weights: Adam keeps two more. */
const LIVE_LOGITS = 8;
const LIVE_WEIGHTS = 5;

export interface Head {
  readonly tokens: number;
  readonly path: string;
}

export interface Device {
  readonly thread: Thread;
  /** What a step over the smallest head took. */
  readonly stepMs: number;
  /** GiB; as `navigator.deviceMemory` says it. */
  readonly memoryGib?: number | undefined;
  /** Steps of a batch, B·T. */
  readonly batchSteps: number;
}

/**
 * The largest head whose steps fit the device's time and memory: at least the smallest.
 * A step's time grows at most with the number of tokens.
 * @param heads smallest first.
 */
export function chooseHead<T extends Head>(
  heads: readonly [T, ...T[]],
  spec: Pick<ModelSpec, 'hiddenUnits'>,
  { thread, stepMs, memoryGib = USUAL_MEMORY_GIB, batchSteps }: Device,
): T {
  const [smallest] = heads;
  const bytesToken = 4 * (LIVE_LOGITS * batchSteps + LIVE_WEIGHTS * spec.hiddenUnits);
  const fits = ({ tokens }: Head) =>
    (stepMs * tokens) / smallest.tokens <= STEP_BUDGET_MS[thread] &&
    tokens * bytesToken <= memoryGib * 2 ** 30 * MEMORY_SHARE;
  return heads.findLast(fits) ?? smallest;
}

/** GiB, where the browser tells it. */
export function deviceMemory(): number | undefined {
  const scope: { readonly navigator?: object } & typeof globalThis = globalThis; // Node 20 has none
  const memory: unknown = Reflect.get(scope.navigator ?? {}, 'deviceMemory');
  return typeof memory === 'number' ? memory : undefined;
}

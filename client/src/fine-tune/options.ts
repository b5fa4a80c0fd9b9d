import type { Client } from '../client.ts';
import { InputError } from '../errors.ts';

/** Where the arithmetic runs. */
export type Backend = 'webgl' | 'cpu';

/** Which thread computes: a worker, or the page's own where there is none. */
export type Thread = 'worker' | 'page';

export interface FineTuneOptions {
  /** Whose API gives the base model out. */
  readonly client: Client;
  /** The base model; by default the client's label model for `pairs`, its navigation model else. */
  readonly model?: string | undefined;
  /** For a labeller: texts and their labels, a character each, such as `['hihell', 'ihello']`. */
  readonly pairs?: readonly (readonly [text: string, labels: string])[] | undefined;
  /** For a navigation model: a visit of at least two pages, oldest page first. */
  readonly history?: readonly string[] | undefined;
  /** For a navigation model: such visits, oldest visit first. */
  readonly histories?: readonly (readonly string[])[] | undefined;
  /** At most this many updates; default 400 for pairs, 60 else. It stops earlier at `targetLoss`, or where more would harm. */
  readonly steps?: number | undefined;
  /** Adam's; default 0.1 for pairs, as the base was taught, 0.003 else. */
  readonly learningRate?: number | undefined;
  /** Stops when the loss is at most this, in nats a step; default 0.05 for pairs, 0.1 else. */
  readonly targetLoss?: number | undefined;
  /**
   * How far the base's own behaviour may move, in nats a step (mean Kullback–Leibler divergence); default 0.5 for pairs, 0.2
   * else. Beyond it the base is forgotten: what moved further is never kept.
   */
  readonly maxDrift?: number | undefined;
  /** Default: WebGL where it computes in 32 bits, and right, else the CPU. */
  readonly backend?: Backend | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A step of fine-tuning, as it ends. */
export interface Progress {
  /** From 1. The last progress repeats the step that was kept; 0 is the base. */
  readonly step: number;
  /** At most as many. */
  readonly steps: number;
  /** On the visitor's sequences of this step, before its update, averaged over their steps, in nats. */
  readonly loss: number;
  readonly backend: Backend;
  readonly thread: Thread;
  /** Tokens of the head that is tuned. */
  readonly headTokens: number;
  /** Of the last progress alone: whether what was learnt is saved, or the base was as good. */
  readonly outcome?: Outcome | undefined;
}

/** What came of it, by what judges: visits held out, or all of them where they are fewer than five. */
export interface Outcome {
  readonly kept: 'tuned' | 'base';
  /** In nats a step. */
  readonly baseLoss: number;
  /** Of the best weights within `maxDrift`; the base's where there are none. */
  readonly tunedLoss: number;
  /** How far they moved the base's own behaviour, in nats a step. */
  readonly drift: number;
}

/** What to learn, checked: inputs and the token that belongs to each. */
export interface Task {
  readonly kind: 'label' | 'next';
  readonly model: string;
  readonly sequences: readonly { readonly inputs: readonly string[]; readonly targets: readonly string[] }[];
  readonly steps: number;
  readonly learningRate: number;
  readonly targetLoss: number;
  readonly maxDrift: number;
  readonly backend: Backend | undefined;
}

/** Beyond this a visitor's page would stall for minutes: the sequences are unrolled step by step. */
export const MAX_CHARACTERS = 256;
const MAX_SEQUENCES = 1000;

/** @throws InputError naming the option at fault. */
export function checkOptions(options: FineTuneOptions): Task {
  const { client, pairs, backend } = options;
  check(typeof client?.request === 'function', 'client', 'must come from createClient');
  const given = [pairs, options.history, options.histories].filter((one) => one !== undefined);
  check(given.length === 1, 'pairs', 'or history or histories must be given, and one of them alone');
  check(
    backend === undefined || backend === 'webgl' || backend === 'cpu',
    'backend',
    "must be 'webgl' or 'cpu'",
  );
  const defaults = pairs
    ? ({
        kind: 'label',
        model: client.labelModel,
        steps: 400,
        learningRate: 0.1,
        targetLoss: 0.05,
        maxDrift: 0.5,
      } as const)
    : ({
        kind: 'next',
        model: client.navigationModel,
        steps: 60,
        learningRate: 0.003,
        targetLoss: 0.1,
        maxDrift: 0.2,
      } as const);
  const task: Task = {
    kind: defaults.kind,
    model: options.model ?? defaults.model,
    sequences: pairs ? checkPairs(pairs) : checkHistories(options),
    steps: options.steps ?? defaults.steps,
    learningRate: options.learningRate ?? defaults.learningRate,
    targetLoss: options.targetLoss ?? defaults.targetLoss,
    maxDrift: options.maxDrift ?? defaults.maxDrift,
    backend,
  };
  check(typeof task.model === 'string' && task.model !== '', 'model', 'must be a non-empty string');
  check(
    Number.isInteger(task.steps) && task.steps >= 1 && task.steps <= 100_000,
    'steps',
    'must be a whole number, 1 to 100,000',
  );
  check(task.learningRate > 0 && task.learningRate <= 1, 'learningRate', 'must be above 0 and at most 1');
  check(task.targetLoss >= 0, 'targetLoss', 'must not be negative');
  check(task.maxDrift > 0, 'maxDrift', 'must be above 0');
  return task;
}

function checkPairs(pairs: NonNullable<FineTuneOptions['pairs']>): Task['sequences'] {
  checkCount(pairs, 'pairs');
  return pairs.map((pair, index) => {
    const field = `pairs[${index}]`;
    check(Array.isArray(pair) && pair.length === 2, field, 'must be a text and its labels');
    for (const text of pair)
      check(typeof text === 'string' && text !== '', field, 'must hold non-empty strings');
    const [inputs = [], targets = []] = pair.map((text) => Array.from(text));
    check(
      inputs.length === targets.length,
      field,
      'must hold a label a character: both as long as each other',
    );
    check(inputs.length <= MAX_CHARACTERS, field, `must hold at most ${MAX_CHARACTERS} characters`);
    return { inputs, targets };
  });
}

function checkHistories({ history, histories }: FineTuneOptions): Task['sequences'] {
  if (history) return [checkHistory(history, 'history')];
  checkCount(histories, 'histories');
  return (histories ?? []).map((one, index) => checkHistory(one, `histories[${index}]`));
}

function checkHistory(history: readonly string[], field: string): Task['sequences'][number] {
  check(Array.isArray(history) && history.length >= 2, field, 'must be an array of at least two pages');
  for (const page of history)
    check(typeof page === 'string' && page !== '', field, 'must hold non-empty strings');
  return { inputs: history.slice(0, -1), targets: history.slice(1) };
}

function checkCount(values: unknown, field: string): void {
  check(
    Array.isArray(values) && values.length >= 1 && values.length <= MAX_SEQUENCES,
    field,
    `must be an array of 1 to ${MAX_SEQUENCES}`,
  );
}

export function check(holds: boolean, field: string, rule: string): asserts holds {
  if (!holds) throw new InputError(field, rule);
}

import { PADDING_ID, UNKNOWN_ID } from '@pathcast/models/vocabulary';
import type { Random } from '../random.ts';

/** A batch in step-major order: index t·B + b is step t of sequence b, sequences padded on the left. */
export interface Batch {
  /** int32 [T·B]. */
  readonly ids: Int32Array;
  /** int32 [S]: where the scored steps are among the T·B. */
  readonly positions: Int32Array;
  /** int32 [S]: the ids that follow them. */
  readonly targets: Int32Array;
  readonly steps: number;
  readonly batchSize: number;
}

/** An example: input ids, and the target of each, or 0 where the step is not scored. */
export interface Example {
  readonly ids: readonly number[];
  readonly targets: readonly number[];
}

/** Lays examples out as one batch, as long as the longest of them. */
export function toBatch(examples: readonly Example[]): Batch {
  const B = examples.length;
  const steps = Math.max(...examples.map(({ ids }) => ids.length));
  const ids = new Int32Array(steps * B).fill(PADDING_ID);
  const positions: number[] = [];
  const targets: number[] = [];
  for (const [b, example] of examples.entries()) {
    const start = steps - example.ids.length;
    for (const [i, id] of example.ids.entries()) {
      const position = (start + i) * B + b;
      ids[position] = id;
      const target = example.targets[i] ?? PADDING_ID;
      if (target === PADDING_ID) continue;
      positions.push(position);
      targets.push(target);
    }
  }
  return {
    ids,
    positions: Int32Array.from(positions),
    targets: Int32Array.from(targets),
    steps,
    batchSize: B,
  };
}

/**
 * Cuts sessions into training windows of at most `steps` inputs, so that every position but a session's first is a
 * target once.
 */
export function trainingExamples(sessions: readonly (readonly number[])[], steps: number): Example[] {
  return sessions.flatMap((session) => {
    const examples: Example[] = [];
    for (let start = 0; start + 1 < session.length; start += steps) {
      const window = session.slice(start, start + steps + 1);
      examples.push({ ids: window.slice(0, -1), targets: window.slice(1) });
    }
    return examples;
  });
}

/**
 * Windows that score every position of every session exactly once, each from the newest `steps` pages before it: what
 * the served model sees. Unknown targets cannot be scored and are left out.
 */
export function scoringExamples(sessions: readonly (readonly number[])[], steps: number): Example[] {
  const scored = (id: number) => (id === UNKNOWN_ID ? PADDING_ID : id);
  return sessions.flatMap((session) => {
    const first = session.slice(0, steps + 1);
    const examples: Example[] = [{ ids: first.slice(0, -1), targets: first.slice(1).map(scored) }];
    for (let target = steps + 1; target < session.length; target++) {
      const ids = session.slice(target - steps, target);
      const targets = ids.map((_, i) =>
        i === steps - 1 ? scored(session[target] ?? PADDING_ID) : PADDING_ID,
      );
      examples.push({ ids, targets });
    }
    return examples;
  });
}

/** The tutorial's examples: a session's last page is the target, at the last step only. */
export function lastStepExamples(sessions: readonly (readonly number[])[]): Example[] {
  return sessions.map((session) => {
    const ids = session.slice(0, -1);
    return {
      ids,
      targets: ids.map((_, i) => (i === ids.length - 1 ? (session.at(-1) ?? PADDING_ID) : PADDING_ID)),
    };
  });
}

/** Shuffles are sorted by length over this many batches at a time: hardly any padding, still a random order. */
const BUCKET_BATCHES = 64;

/** An epoch's batches: examples of like length together, in a random order. */
export function* epochBatches(
  examples: readonly Example[],
  batchSize: number,
  random: Random,
): Generator<Batch> {
  const order = [...examples];
  random.shuffle(order);
  const batches: Example[][] = [];
  for (let start = 0; start < order.length; start += batchSize * BUCKET_BATCHES) {
    const bucket = order.slice(start, start + batchSize * BUCKET_BATCHES);
    bucket.sort((a, b) => a.ids.length - b.ids.length);
    for (let i = 0; i < bucket.length; i += batchSize) batches.push(bucket.slice(i, i + batchSize));
  }
  random.shuffle(batches);
  for (const batch of batches) yield toBatch(batch);
}

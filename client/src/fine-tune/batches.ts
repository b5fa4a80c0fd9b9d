import { padLeft } from '@pathcast/models/sequence';
import { UNKNOWN_ID, Vocabulary } from '@pathcast/models/vocabulary';
import type { Task } from './options.ts';

/** Sequences a step: a visitor rarely has more, and a step stays within tens of milliseconds. */
const BATCH_SIZE = 32;

/** A batch on the host: each int32 or float32 [B, T], row-major, padded on the left. */
export interface HostBatch {
  readonly ids: Int32Array;
  readonly targets: Int32Array;
  /** 0 or 1. */
  readonly weights: Float32Array;
  readonly shape: readonly [batch: number, steps: number];
}

/** The base's tokens with those of the sequences that it does not have, in order of appearance. */
export function growVocabulary(base: Vocabulary, sequences: Task['sequences']): Vocabulary {
  const seen = new Set<string>();
  for (const { inputs, targets } of sequences) {
    for (const token of [...inputs, ...targets]) if (base.encode(token) === UNKNOWN_ID) seen.add(token);
  }
  return new Vocabulary([...base.tokens, ...seen]);
}

/**
 * Cuts sequences into windows of at most `maxSteps`, so that each target is scored once, and fills batches of one shape:
 * a new shape costs WebGL seconds of shader compilation.
 */
export function createBatches(
  sequences: Task['sequences'],
  vocabulary: Vocabulary,
  maxSteps: number,
): HostBatch[] {
  const windows = sequences.flatMap(({ inputs, targets }) => {
    const ids = inputs.map((token) => vocabulary.encode(token));
    const wanted = targets.map((token) => vocabulary.encode(token));
    return Array.from({ length: Math.ceil(ids.length / maxSteps) }, (_, index) => {
      const range = [index * maxSteps, (index + 1) * maxSteps] as const;
      return { ids: ids.slice(...range), targets: wanted.slice(...range) };
    });
  });
  // tfjs 4.22 cannot differentiate a recurrent layer over a single step: such a batch is padded to two.
  const steps = Math.max(2, ...windows.map(({ ids }) => ids.length));
  const batchSize = Math.min(BATCH_SIZE, windows.length);
  return Array.from({ length: Math.ceil(windows.length / batchSize) }, (_, index) => {
    const rows = windows.slice(index * batchSize, (index + 1) * batchSize);
    while (rows.length < batchSize) rows.push({ ids: [], targets: [] });
    const targets = padLeft(
      rows.map((row) => row.targets),
      steps,
    ).ids;
    return {
      ids: padLeft(
        rows.map((row) => row.ids),
        steps,
      ).ids,
      targets,
      // Padding is id 0, which no target is.
      weights: Float32Array.from(targets, (id) => (id === 0 ? 0 : 1)),
      shape: [batchSize, steps],
    };
  });
}

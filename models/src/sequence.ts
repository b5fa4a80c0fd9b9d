import { PADDING_ID } from './vocabulary.ts';

/** A batch of sequences ready for a graph: ids int32 [B, T], row-major, padded on the left. */
export interface PaddedBatch {
  readonly ids: Int32Array;
  readonly batchSize: number;
  readonly steps: number;
}

/**
 * Pads sequences of token ids on the left to a common length; longer ones keep their newest ids.
 *
 * @param steps T; by default the longest sequence's length, at least 1.
 */
export function padLeft(sequences: readonly ArrayLike<number>[], steps?: number): PaddedBatch {
  const width = steps ?? Math.max(1, ...sequences.map((sequence) => sequence.length));
  const ids = new Int32Array(sequences.length * width).fill(PADDING_ID);
  for (const [row, sequence] of sequences.entries()) {
    const kept = Math.min(sequence.length, width);
    for (let i = 0; i < kept; i++) {
      ids[(row + 1) * width - kept + i] = sequence[sequence.length - kept + i] ?? PADDING_ID;
    }
  }
  return { ids, batchSize: sequences.length, steps: width };
}

/** The characters of a text as users see code points: one token each. */
export function characters(text: string): string[] {
  return Array.from(text);
}

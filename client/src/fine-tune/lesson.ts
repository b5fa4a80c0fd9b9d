import { padLeft } from '@pathcast/models/sequence';
import { PADDING_ID, UNKNOWN_ID, Vocabulary } from '@pathcast/models/vocabulary';
import { type Behaviour, behaviourOf } from './behaviour.ts';
import type { HostModel } from './forward.ts';
import type { Task } from './options.ts';

/** From this many sequences on, the newest fifth is held out: of fewer, none can be spared. */
const HELD_OUT_FROM = 5;

/** Sequences of the base's own that are rehearsed at each step. */
const REHEARSED = 8;

/** Ids and the targets that belong to them, at most as many as are unrolled at once. */
export interface Window {
  readonly ids: readonly number[];
  readonly targets: readonly number[];
}

/** What a step learns from: the visitor's windows above, then rehearsed ones. */
export interface Batch {
  /** int32 [B, T], row-major, padded on the left; places in the lesson's `inputIds`. */
  readonly rows: Int32Array;
  readonly shape: readonly [batch: number, steps: number];
  /** float32 [B·T]: how much each step counts; the visitor's sum to 1, and so do the rehearsed ones. */
  readonly weights: Float32Array;
  /** The visitor's part of `weights`, from the start. */
  readonly ownSteps: number;
  /** [B·T]: a token id, or a distribution over the first ids. */
  readonly targets: readonly (number | Float32Array)[];
}

/** All that is learnt and guarded: made once for a base. */
export interface Lesson {
  /** The base, grown by the visitor's own tokens. */
  readonly base: HostModel;
  readonly vocabulary: Vocabulary;
  /** Ids whose input rows can change, padding first. */
  readonly inputIds: readonly number[];
  readonly batches: readonly Batch[];
  /** What judges: held out from the visitor's sequences, or all of them where they are too few. */
  readonly judged: readonly Window[];
  readonly isHeldOut: boolean;
  /** The base's own behaviour that is not rehearsed. */
  readonly behaviour: readonly Behaviour[];
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
 * Plans what is learnt.
 * @param base grown, as `vocabulary` is.
 * @param options.baseSize V before it grew. @param options.maxSteps unrolled at once. @param options.batchSize the
 * visitor's windows a step.
 */
export function planLesson(
  base: HostModel,
  vocabulary: Vocabulary,
  sequences: Task['sequences'],
  options: { readonly baseSize: number; readonly maxSteps: number; readonly batchSize: number },
): Lesson {
  const { baseSize, maxSteps, batchSize } = options;
  const heldOut = sequences.length >= HELD_OUT_FROM ? Math.floor(sequences.length / 5) : 0;
  const windows = cutWindows(sequences.slice(0, sequences.length - heldOut), vocabulary, maxSteps);
  // tfjs 4.22 cannot differentiate a recurrent layer over a single step: such a batch is padded to two.
  const steps = Math.max(2, ...windows.map(({ ids }) => ids.length));
  const [rehearsed, guarded] = behaviourOf(base, { baseSize, count: REHEARSED, steps });
  const inputIds = [
    ...new Set([PADDING_ID, ...windows.flatMap(({ ids }) => ids), ...rehearsed.flatMap(({ ids }) => ids)]),
  ];
  const places = new Map(inputIds.map((id, place) => [id, place]));
  const size = Math.min(batchSize, windows.length);
  const batches = Array.from({ length: Math.ceil(windows.length / size) }, (_, index) => {
    const own = windows.slice(index * size, (index + 1) * size);
    while (own.length < size) own.push({ ids: [], targets: [] });
    return fillBatch(own, rehearsed, places, steps);
  });
  return {
    base,
    vocabulary,
    inputIds,
    batches,
    judged: heldOut > 0 ? cutWindows(sequences.slice(-heldOut), vocabulary, maxSteps) : windows,
    isHeldOut: heldOut > 0,
    behaviour: guarded,
  };
}

/** Cuts sequences into windows of at most `maxSteps`, so that each target is scored once. */
export function cutWindows(sequences: Task['sequences'], vocabulary: Vocabulary, maxSteps: number): Window[] {
  return sequences.flatMap(({ inputs, targets }) => {
    const ids = inputs.map((token) => vocabulary.encode(token));
    const wanted = targets.map((token) => vocabulary.encode(token));
    return Array.from({ length: Math.ceil(ids.length / maxSteps) }, (_, index) => {
      const range = [index * maxSteps, (index + 1) * maxSteps] as const;
      return { ids: ids.slice(...range), targets: wanted.slice(...range) };
    });
  });
}

/** Every batch has one shape: a new one costs WebGL seconds of shader compilation. */
function fillBatch(
  own: readonly Window[],
  rehearsed: readonly Behaviour[],
  places: ReadonlyMap<number, number>,
  steps: number,
): Batch {
  const sequences = [...own.map(({ ids }) => ids), ...rehearsed.map(({ ids }) => ids)];
  const rows = padLeft(
    sequences.map((ids) => ids.map((id) => places.get(id) ?? 0)),
    steps,
  ).ids;
  const ownSteps = own.length * steps;
  const wanted = [
    ...own.map(({ targets }) => targets),
    ...rehearsed.map(({ distributions }) => distributions),
  ];
  const targets = wanted.flatMap((row): (number | Float32Array)[] => [
    ...Array<number>(steps - row.length).fill(PADDING_ID),
    ...row,
  ]);
  const scored = (from: number, to: number) =>
    targets.slice(from, to).filter((target) => target !== PADDING_ID).length;
  const counts = [scored(0, ownSteps), scored(ownSteps, targets.length)] as const;
  const weights = Float32Array.from(targets, (target, step) =>
    target === PADDING_ID ? 0 : 1 / counts[step < ownSteps ? 0 : 1],
  );
  return { rows, shape: [sequences.length, steps], weights, ownSteps, targets };
}

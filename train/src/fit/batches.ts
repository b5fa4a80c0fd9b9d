import { PADDING_ID, UNKNOWN_ID } from '@pathcast/models/vocabulary';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import type { Random } from '../random.ts';

/** A batch in step-major order: index t·B + b is step t of sequence b, sequences padded on the left. */
export interface Batch {
  /** int32 [T·B]. */
  readonly ids: Int32Array;
  /** int32 [S]: where the scored steps are among the T·B. */
  readonly positions: Int32Array;
  /** int32 [S]: the ids that follow them, none below 2. */
  readonly targets: Int32Array;
  /** uint32 [S]: where the targets are among all events of the sessions. */
  readonly events: Uint32Array;
  readonly steps: number;
  readonly batchSize: number;
}

/** Windows in columns, as workers are given them: w windows over e events. */
export interface WindowColumns {
  /** int32 [e], what is read. */
  readonly inputs: Int32Array;
  /** int32 [e], what is predicted: the event after an input is its target. */
  readonly targets: Int32Array;
  /** uint32 [w]: where each begins among the events. */
  readonly starts: Uint32Array;
  /** uint16 [w]: how many inputs each reads. */
  readonly lengths: Uint16Array;
  /** uint16 [w]: how many of its last inputs are scored. */
  readonly scored: Uint16Array;
}

/** Windows over sessions: each reads some inputs, and its last ones are scored by what follows them. */
export class Windows {
  readonly columns: WindowColumns;

  constructor(columns: WindowColumns) {
    this.columns = columns;
  }

  /** @param inputs int32 [events], to be read in place of the sessions' own ids. */
  static cut(sessions: TokenSessions, cut: Cut, inputs = sessions.ids): Windows {
    const windows = [...eachSession(sessions, cut)];
    return new Windows({
      inputs,
      targets: sessions.ids,
      starts: Uint32Array.from(windows, ([start]) => start),
      lengths: Uint16Array.from(windows, ([, length]) => length),
      scored: Uint16Array.from(windows, ([, , scored]) => scored),
    });
  }

  get length(): number {
    return this.columns.starts.length;
  }

  /** Inputs that a window reads. */
  inputsOf(window: number): number {
    return this.columns.lengths[window] ?? 0;
  }

  /** Scored steps of all windows; unknown targets cannot be scored and do not count. */
  countScored(): number {
    let count = 0;
    for (let window = 0; window < this.length; window++) this.#eachScored(window, () => count++);
    return count;
  }

  /** Lays some windows out as one batch, as long as the longest of them. */
  batch(chosen: ArrayLike<number>): Batch {
    const B = chosen.length;
    let steps = 1;
    for (let b = 0; b < B; b++) steps = Math.max(steps, this.inputsOf(chosen[b] ?? 0));
    const ids = new Int32Array(steps * B).fill(PADDING_ID);
    const positions: number[] = [];
    const targets: number[] = [];
    const events: number[] = [];
    for (let b = 0; b < B; b++) {
      const window = chosen[b] ?? 0;
      const start = this.columns.starts[window] ?? 0;
      const length = this.inputsOf(window);
      const pad = steps - length;
      for (let i = 0; i < length; i++) ids[(pad + i) * B + b] = this.columns.inputs[start + i] ?? PADDING_ID;
      this.#eachScored(window, (i, target) => {
        positions.push((pad + i) * B + b);
        targets.push(target);
        events.push(start + i + 1);
      });
    }
    return {
      ids,
      positions: Int32Array.from(positions),
      targets: Int32Array.from(targets),
      events: Uint32Array.from(events),
      steps,
      batchSize: B,
    };
  }

  /** All windows as one batch. */
  whole(): Batch {
    return this.batch(Uint32Array.from({ length: this.length }, (_, window) => window));
  }

  #eachScored(window: number, visit: (input: number, target: number) => void): void {
    const start = this.columns.starts[window] ?? 0;
    const length = this.inputsOf(window);
    for (let i = length - (this.columns.scored[window] ?? 0); i < length; i++) {
      const target = this.columns.targets[start + i + 1] ?? PADDING_ID;
      if (target > UNKNOWN_ID) visit(i, target);
    }
  }
}

/** Windows of at most `steps` inputs, end to end: every position but a session's first is a target once. */
export function trainingWindows(sessions: TokenSessions, steps: number): Windows {
  return Windows.cut(sessions, cut);

  function* cut(start: number, inputs: number) {
    for (let at = 0; at < inputs; at += steps) {
      const length = Math.min(steps, inputs - at);
      yield [start + at, length, length] as const;
    }
  }
}

/**
 * Windows that score every position of every session exactly once, each from the newest `steps` pages before it: what
 * the served model sees.
 */
export function scoringWindows(sessions: TokenSessions, steps: number): Windows {
  return Windows.cut(sessions, cut);

  function* cut(start: number, inputs: number) {
    const first = Math.min(steps, inputs);
    yield [start, first, first] as const;
    for (let end = steps + 1; end <= inputs; end++) yield [start + end - steps, steps, 1] as const;
  }
}

/** The tutorial's windows: a session's last page is the target, at the last step only. */
export function lastStepWindows(sessions: TokenSessions, inputs?: Int32Array): Windows {
  const whole = (start: number, length: number) => [[start, length, 1] as const];
  return Windows.cut(sessions, whole, inputs);
}

/** Cuts a session, given where it begins and how many inputs it has, into windows: where, how long, how many scored. */
type Cut = (
  start: number,
  inputs: number,
) => Iterable<readonly [start: number, length: number, scored: number]>;

function* eachSession({ offsets, length }: TokenSessions, cut: Cut) {
  for (let session = 0; session < length; session++) {
    const start = offsets[session] ?? 0;
    const inputs = (offsets[session + 1] ?? 0) - start - 1;
    if (inputs > 0) yield* cut(start, inputs);
  }
}

/** Shuffles are sorted by length over this many batches at a time: hardly any padding, still a random order. */
const BUCKET_BATCHES = 64;

/** An epoch's batches, as windows of like length together, in a random order: uint32 [batch] each. */
export function epochBatches(windows: Windows, batchSize: number, random: Random): Uint32Array[] {
  const order = Array.from({ length: windows.length }, (_, window) => window);
  random.shuffle(order);
  const batches: Uint32Array[] = [];
  for (let start = 0; start < order.length; start += batchSize * BUCKET_BATCHES) {
    const bucket = Uint32Array.from(order.slice(start, start + batchSize * BUCKET_BATCHES));
    bucket.sort((a, b) => windows.inputsOf(a) - windows.inputsOf(b));
    for (let i = 0; i < bucket.length; i += batchSize) batches.push(bucket.subarray(i, i + batchSize));
  }
  random.shuffle(batches);
  return batches;
}

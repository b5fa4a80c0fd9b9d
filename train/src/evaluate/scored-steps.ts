import { setImmediate as nextTurn } from 'node:timers/promises';
import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import { type ModelWeights, scoringRows } from '@pathcast/models/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import { type Batch, scoringWindows, type Windows } from '../fit/batches.ts';
import { listCells, putCells } from '../fit/cells.ts';
import { hiddenStates, normaliseStates, paddingMask } from '../fit/forward.ts';
import { gatherRows } from '../fit/row-tables.ts';

/** A step to rank: the pages that the model reads, the page that followed, and what the recurrent model makes of it. */
export interface ScoredStep {
  /** Which session. */
  readonly session: number;
  /** Where the target is among all events of the sessions. */
  readonly event: number;
  /** int32 [1 to spec.steps], the newest last: a view. */
  readonly history: Int32Array;
  /** An id from 2. */
  readonly target: number;
  /** float32 [V]: softmax of the logits over the temperature; a view, overwritten after the next step. */
  readonly probabilities: Float32Array;
}

/** Probabilities held at a time, 32 MiB. */
const PROBABILITIES_AT_ONCE = 8 << 20;
/** Rows of the table in one product: no copy of a large table is ever made. */
const ROWS_AT_ONCE = 1 << 15;
/** Steps that go through the cells at a time. */
const STEPS_AT_ONCE = 1 << 12;

/**
 * Runs the recurrent model over every step of the sessions whose target is a token, in batches of like length: the order
 * is not the sessions'. Each is computed from the newest `spec.steps` pages before it, as the served model does.
 * @param options.windows which steps, if not all.
 */
export async function* scoreSteps(
  { spec, weights }: { spec: ModelSpec; weights: ModelWeights },
  sessions: TokenSessions,
  options: { temperature?: number; windows?: Windows } = {},
): AsyncGenerator<ScoredStep> {
  const { temperature = 1, windows = scoringWindows(sessions, spec.steps) } = options;
  const { vocabularySize: V, hiddenUnits: H, steps } = spec;
  const { ids, offsets } = sessions;
  const blocks = tableBlocks(spec, weights);
  const bias = tf.tidy(() => tf.div(tf.tensor1d(weights.outputBias), temperature));
  const cells = putCells(spec, weights.cells);
  const atOnce = Math.max(1, Math.floor(PROBABILITIES_AT_ONCE / V));
  try {
    for (const batch of batchesByLength(windows)) {
      await nextTurn(); // so that Ctrl-C is heard
      const vectors = tf.tidy(() => {
        const states = statesOf({ spec, weights }, cells, batch);
        return tf.div(spec.normalised ? normaliseStates(states) : states, temperature) as tf.Tensor2D;
      });
      for (let at = 0; at < batch.targets.length; at += atOnce) {
        const n = Math.min(atOnce, batch.targets.length - at);
        const softmax = tf.tidy(() => {
          const some = tf.slice(vectors, [at, 0], [n, H]);
          const logits = blocks.map((block) => tf.matMul(some, block, false, true));
          return tf.softmax(tf.add(tf.concat(logits, 1), bias));
        });
        const rows = (await softmax.data()) as Float32Array; // softmax is float32
        softmax.dispose();
        for (let i = 0; i < n; i++) {
          const event = batch.events[at + i] ?? 0;
          const session = sessionOf(offsets, event);
          yield {
            session,
            event,
            history: ids.subarray(Math.max(offsets[session] ?? 0, event - steps), event),
            target: batch.targets[at + i] ?? 0,
            probabilities: rows.subarray(i * V, (i + 1) * V),
          };
        }
      }
      vectors.dispose();
    }
  } finally {
    tf.dispose([blocks, bias, listCells(cells)]);
  }
}

/** The last layer's states at a batch's scored steps, float32 [S, H]. */
function statesOf(
  { spec, weights }: { spec: ModelSpec; weights: ModelWeights },
  cells: ReturnType<typeof putCells>,
  batch: Batch,
): tf.Tensor2D {
  const { steps, batchSize } = batch;
  const width = inputRowWidth(spec);
  const rows = tf.tensor2d(gatherRows(weights.inputRows, width, batch.ids), [batch.ids.length, width]);
  const all = hiddenStates(spec, cells, rows, { mask: paddingMask(batch), steps, batchSize });
  return tf.gather(all, tf.tensor1d(batch.positions, 'int32')) as tf.Tensor2D;
}

/** The table in blocks, float32 [rows, H] each; no more than one block is ever there twice. */
function tableBlocks(spec: ModelSpec, weights: ModelWeights): tf.Tensor2D[] {
  const { vocabularySize: V, hiddenUnits: H } = spec;
  return Array.from({ length: Math.ceil(V / ROWS_AT_ONCE) }, (_, block) => {
    const start = block * ROWS_AT_ONCE;
    const end = Math.min(V, start + ROWS_AT_ONCE);
    return tf.tensor2d(scoringRows(spec, weights, { start, end }), [end - start, H]);
  });
}

function* batchesByLength(windows: Windows): Generator<Batch> {
  const order = Uint32Array.from({ length: windows.length }, (_, window) => window);
  order.sort((a, b) => windows.inputsOf(a) - windows.inputsOf(b) || a - b);
  let start = 0;
  while (start < order.length) {
    const length = windows.inputsOf(order[start] ?? 0);
    const most = Math.max(1, Math.floor(STEPS_AT_ONCE / length));
    let end = start;
    while (end < order.length && end - start < most && windows.inputsOf(order[end] ?? 0) === length) end++;
    const batch = windows.batch(order.subarray(start, end));
    if (batch.targets.length > 0) yield batch;
    start = end;
  }
}

/** The session that an event is in, by bisection. */
function sessionOf(offsets: Uint32Array, event: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((offsets[middle] ?? 0) <= event) low = middle;
    else high = middle;
  }
  return low;
}

import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import { PADDING_ID } from '@pathcast/models/vocabulary';
import * as tf from '@tensorflow/tfjs-core';
import type { Rates } from './adagrad.ts';
import type { Batch } from './batches.ts';
import type { Candidates } from './candidates.ts';
import { cellShapes } from './cells.ts';
import { DeviceSlots } from './device-slots.ts';
import { slotsOf, type TrainingState } from './state.ts';
import { type Differentiated, type Leaves, listLeaves, type PendingLoss, type Tables } from './tables.ts';

/** Gradients of rows, which may be named more than once. */
interface Gradients {
  /** int32 [N]. */
  readonly ids: Int32Array;
  /** [N, width]. */
  readonly gradients: tf.Tensor;
}

/**
 * Tables on TensorFlow's device: what goes there is a step's ids, and what comes back is its loss, once it is read. The
 * same step as {@link HostTables} takes, but for the order in which a row's gradients are summed.
 */
export class DeviceTables implements Tables {
  readonly #spec: ModelSpec;
  readonly #inputs: DeviceSlots;
  readonly #outputs: DeviceSlots;
  readonly #bias: DeviceSlots;
  readonly #cells: readonly DeviceSlots[];
  /** Where each id stands among a step's; −1 between steps. */
  readonly #places: Int32Array;

  constructor(spec: ModelSpec, state: TrainingState) {
    const host = slotsOf(state);
    this.#spec = spec;
    this.#inputs = new DeviceSlots(host.inputs, inputRowWidth(spec));
    this.#outputs =
      host.outputs === host.inputs ? this.#inputs : new DeviceSlots(host.outputs, spec.hiddenUnits);
    this.#bias = new DeviceSlots(host.bias, 1);
    this.#cells = host.cells.map((slots) => new DeviceSlots(slots, slots.weights.length)); // a row each
    this.#places = new Int32Array(spec.vocabularySize).fill(-1);
  }

  leaves({ ids }: Batch, candidates: Candidates): Leaves<tf.Tensor> {
    const chosen = tf.tensor1d(candidates.ids, 'int32');
    const shapes = cellShapes(this.#spec);
    return {
      inputs: this.#inputs.gather(tf.tensor1d(ids, 'int32')),
      rows: this.#outputs.gather(chosen),
      bias: tf.sub(tf.reshape(this.#bias.gather(chosen), [chosen.size]), tf.tensor1d(candidates.logQ)),
      cells: this.#cells.map((cell, i) =>
        tf.reshape(cell.gather(tf.tensor1d([0], 'int32')), shapes[i] ?? []),
      ),
    };
  }

  async update({ batch, candidates, loss, gradients }: Differentiated, rates: Rates): Promise<PendingLoss> {
    tf.tidy(() => {
      const isTaken = tf.isFinite(loss);
      const update = (slots: DeviceSlots, { ids, gradients }: Gradients) =>
        slots.update({ ids: tf.tensor1d(ids, 'int32'), gradients }, rates, isTaken);
      const inputs = { ids: batch.ids, gradients: gradients.inputs };
      const outputs = { ids: candidates.ids, gradients: gradients.rows }; // each id is there once
      if (this.#outputs === this.#inputs) update(this.#inputs, this.#summed(outputs, inputs));
      else {
        update(this.#outputs, outputs);
        update(this.#inputs, this.#summed(inputs));
      }
      update(this.#bias, { ids: candidates.ids, gradients: tf.reshape(gradients.bias, [-1, 1]) });
      for (const [i, slots] of this.#cells.entries()) {
        const gradient = gradients.cells[i] as tf.Tensor; // one a weight
        update(slots, { ids: WHOLE, gradients: tf.reshape(gradient, [1, -1]) });
      }
    });
    tf.dispose(listLeaves(gradients));
    return async () => {
      const nats = (await loss.data())[0] ?? Number.NaN;
      loss.dispose();
      return nats;
    };
  }

  async settle(): Promise<void> {
    for (const slots of this.#all()) await slots.settle();
  }

  close(): void {
    for (const slots of this.#all()) slots.dispose();
  }

  #all(): Set<DeviceSlots> {
    return new Set([this.#inputs, this.#outputs, this.#bias, ...this.#cells]);
  }

  /** Sums gradients by row: each row is there once, and padding is not. */
  #summed(...parts: readonly Gradients[]): Gradients {
    const rows: number[] = [];
    const places = parts.flatMap(({ ids }) =>
      Array.from(ids, (id) => {
        if (id === PADDING_ID) return -1; // which the sum drops
        if (this.#places[id] === -1) this.#places[id] = rows.push(id) - 1;
        return this.#places[id] ?? -1;
      }),
    );
    for (const id of rows) this.#places[id] = -1;
    const all = tf.concat(parts.map(({ gradients }) => gradients));
    const gradients = tf.unsortedSegmentSum(all, tf.tensor1d(places, 'int32'), rows.length);
    return { ids: Int32Array.from(rows), gradients };
  }
}

/** The one row of a weight that every step changes. */
const WHOLE = Int32Array.of(0);

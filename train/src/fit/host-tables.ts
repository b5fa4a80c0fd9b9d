import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import { type Rates, updateAdagrad } from './adagrad.ts';
import type { Batch } from './batches.ts';
import type { Candidates } from './candidates.ts';
import { listCells, putCells } from './cells.ts';
import { gatherRows, RowGradients } from './row-tables.ts';
import { type StateSlots, slotsOf, type TrainingState } from './state.ts';
import { type Differentiated, type Leaves, listLeaves, type PendingLoss, type Tables } from './tables.ts';

/**
 * Tables on the host: a step copies the rows that its batch names to the backend, and their gradients back, so that its
 * cost does not grow with the catalogue, and threads can share the tables.
 */
export class HostTables implements Tables {
  readonly #spec: ModelSpec;
  readonly #state: TrainingState;
  readonly #slots: StateSlots;
  readonly #inputGradients: RowGradients;
  readonly #outputGradients: RowGradients;

  constructor(spec: ModelSpec, state: TrainingState) {
    this.#spec = spec;
    this.#state = state;
    this.#slots = slotsOf(state);
    this.#inputGradients = new RowGradients(spec.vocabularySize, inputRowWidth(spec));
    this.#outputGradients =
      spec.output === 'tied' ? this.#inputGradients : new RowGradients(spec.vocabularySize, spec.hiddenUnits);
  }

  leaves({ ids }: Batch, candidates: Candidates): Leaves<tf.Tensor> {
    const { weights } = this.#state;
    const { hiddenUnits: H } = this.#spec;
    const width = inputRowWidth(this.#spec);
    const table = weights.outputRows ?? weights.inputRows;
    const corrected = new Float32Array(candidates.ids.length);
    for (let i = 0; i < corrected.length; i++) {
      corrected[i] = (weights.outputBias[candidates.ids[i] ?? 0] ?? 0) - (candidates.logQ[i] ?? 0);
    }
    return {
      inputs: tf.tensor2d(gatherRows(weights.inputRows, width, ids), [ids.length, width]),
      rows: tf.tensor2d(gatherRows(table, H, candidates.ids), [candidates.ids.length, H]),
      bias: tf.tensor1d(corrected),
      cells: listCells(putCells(this.#spec, weights.cells)),
    };
  }

  async update(
    { batch, candidates, loss: scalar, gradients }: Differentiated,
    rates: Rates,
  ): Promise<PendingLoss> {
    const loss = (await takeData(scalar))[0] ?? Number.NaN;
    if (!Number.isFinite(loss)) {
      tf.dispose(listLeaves(gradients));
      return async () => loss;
    }
    const { inputs, outputs, bias, cells } = this.#slots;
    this.#outputGradients.add(candidates.ids, await takeData(gradients.rows));
    if (outputs !== inputs) updateAdagrad(outputs, this.#outputGradients.drain(), rates);
    this.#inputGradients.add(batch.ids, await takeData(gradients.inputs));
    updateAdagrad(inputs, this.#inputGradients.drain(), rates);
    updateAdagrad(bias, { ids: candidates.ids, gradients: await takeData(gradients.bias) }, rates);
    for (const [i, slots] of cells.entries()) {
      const gradient = await takeData(gradients.cells[i] as tf.Tensor); // one a weight
      updateAdagrad(slots, { ids: WHOLE, gradients: gradient }, rates);
    }
    return async () => loss;
  }

  async settle(): Promise<void> {}

  close(): void {}
}

/** The one row of a weight that every step changes. */
const WHOLE = Int32Array.of(0);

/** A float32 tensor's numbers; disposes of it. */
async function takeData(tensor: tf.Tensor): Promise<Float32Array> {
  const data = (await tensor.data()) as Float32Array; // gradients are float32
  tensor.dispose();
  return data;
}

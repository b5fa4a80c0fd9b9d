import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import { UNKNOWN_ID } from '@pathcast/models/vocabulary';
import type { ModelWeights } from '@pathcast/models/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random.ts';
import { type Slots, updateAdagrad } from './adagrad.ts';
import type { Batch } from './batches.ts';
import type { Candidates, DrawCandidates } from './candidates.ts';
import { type CellTensors, listCells, listCellWeights, putCells } from './cells.ts';
import { hiddenStates, normaliseStates, paddingMask, unitRows } from './forward.ts';
import { gatherRows, RowGradients } from './row-tables.ts';
import { softmaxLoss } from './softmax-loss.ts';
import type { TrainingState } from './state.ts';

/** What a step does besides its gradient. */
export interface StepSettings {
  /** Shares of values zeroed while training, 0 to below 1; the rest are scaled up to keep the mean. */
  readonly rowDropout: number;
  readonly stateDropout: number;
  /** Share of input pages replaced by the unknown token, so that it learns to stand for any page. */
  readonly unknownRate: number;
  /** Of Adagrad; 0 for none. */
  readonly momentum: number;
}

/** Loss and gradients of one batch, on the host. */
export interface StepGradients {
  /** Mean cross-entropy of the scored steps, in nats. */
  readonly loss: number;
  /** float32 [T·B, row width], by each input. */
  readonly inputs: Float32Array;
  /** float32 [C, H], by each candidate's row as the table holds it. */
  readonly rows: Float32Array;
  /** float32 [C]. */
  readonly bias: Float32Array;
  /** In the order of `listCells`. */
  readonly cells: readonly Float32Array[];
}

/**
 * Trains a state step by step. A step gathers the rows that its batch names from the host's tables, differentiates them
 * on the backend, and writes their updates back: its cost does not grow with the catalogue.
 */
export class Trainer {
  readonly #spec: ModelSpec;
  readonly #state: TrainingState;
  readonly #draw: DrawCandidates;
  readonly #settings: StepSettings;
  readonly #inputGradients: RowGradients;
  readonly #outputGradients: RowGradients;

  constructor(spec: ModelSpec, state: TrainingState, draw: DrawCandidates, settings: StepSettings) {
    this.#spec = spec;
    this.#state = state;
    this.#draw = draw;
    this.#settings = settings;
    this.#inputGradients = new RowGradients(spec.vocabularySize, inputRowWidth(spec));
    this.#outputGradients =
      spec.output === 'tied' ? this.#inputGradients : new RowGradients(spec.vocabularySize, spec.hiddenUnits);
  }

  /**
   * Takes one step.
   * @param random a stream of the step's own.
   * @returns the mean cross-entropy of the batch's scored steps, in nats; the state is untouched when it is not finite.
   */
  async step(batch: Batch, learningRate: number, random: Random): Promise<number> {
    const { unknownRate, momentum } = this.#settings;
    for (const position of batch.positions) {
      if (unknownRate > 0 && random.next() < unknownRate) batch.ids[position] = UNKNOWN_ID;
    }
    const candidates = this.#draw(batch.targets, random);
    const gradients = await this.gradients(batch, candidates, random);
    if (Number.isFinite(gradients.loss)) {
      this.#apply(batch, candidates, gradients, { learningRate, momentum });
    }
    return gradients.loss;
  }

  /** Loss and gradients of a batch against some candidates; nothing is updated. Without `random`, nothing is dropped. */
  async gradients(batch: Batch, candidates: Candidates, random?: Random): Promise<StepGradients> {
    const { weights } = this.#state;
    const spec = this.#spec;
    const { hiddenUnits: H } = spec;
    const width = inputRowWidth(spec);
    const table = weights.outputRows ?? weights.inputRows;
    const corrected = new Float32Array(candidates.ids.length);
    for (let i = 0; i < corrected.length; i++) {
      corrected[i] = (weights.outputBias[candidates.ids[i] ?? 0] ?? 0) - (candidates.logQ[i] ?? 0);
    }
    const { value, grads } = tf.tidy(() => {
      const cells = putCells(spec, weights.cells);
      const inputs = tf.tensor2d(gatherRows(weights.inputRows, width, batch.ids), [batch.ids.length, width]);
      const rows = tf.tensor2d(gatherRows(table, H, candidates.ids), [candidates.ids.length, H]);
      const loss = (...tensors: tf.Tensor[]) => this.#loss(batch, candidates, cells, tensors, random);
      return tf.valueAndGrads(loss)([inputs, rows, tf.tensor1d(corrected), ...listCells(cells)]);
    });
    const read = async (tensor: tf.Tensor | undefined) => {
      if (!tensor) throw new Error('a gradient is missing');
      const data = (await tensor.data()) as Float32Array; // gradients are float32
      tensor.dispose();
      return data;
    };
    const [inputs, rows, byBias, ...cells] = grads;
    return {
      loss: (await read(value))[0] ?? Number.NaN,
      inputs: await read(inputs),
      rows: await read(rows),
      bias: await read(byBias),
      cells: await Promise.all(cells.map(read)),
    };
  }

  #loss(
    batch: Batch,
    candidates: Candidates,
    cells: readonly CellTensors[],
    [inputs, rows, bias]: readonly tf.Tensor[],
    random: Random | undefined,
  ): tf.Scalar {
    const { rowDropout, stateDropout } = this.#settings;
    const { steps, batchSize } = batch;
    const kept = drop(inputs as tf.Tensor2D, rowDropout, random);
    const all = hiddenStates(this.#spec, cells, kept, { mask: paddingMask(batch), steps, batchSize });
    const scored = tf.gather(all, tf.tensor1d(batch.positions, 'int32')) as tf.Tensor2D;
    const states = drop(scored, stateDropout, random);
    const { normalised } = this.#spec;
    return softmaxLoss(
      normalised ? normaliseStates(states) : states,
      normalised ? unitRows(rows as tf.Tensor2D) : (rows as tf.Tensor2D),
      bias as tf.Tensor1D,
      candidates.targets,
    );
  }

  #apply(
    batch: Batch,
    candidates: Candidates,
    gradients: StepGradients,
    rates: { learningRate: number; momentum: number },
  ): void {
    const { weights, accumulators, velocities } = this.#state;
    const slots = (of: (from: ModelWeights) => Float32Array | undefined): Slots => ({
      weights: of(weights) as Float32Array, // the weights of a spec are all there
      accumulators: of(accumulators) as Float32Array,
      velocities: velocities && of(velocities),
    });
    const inputs = this.#inputGradients;
    const outputs = this.#outputGradients;
    outputs.add(candidates.ids, gradients.rows);
    if (outputs !== inputs)
      updateAdagrad(
        slots((from) => from.outputRows),
        outputs.drain(),
        rates,
      );
    inputs.add(batch.ids, gradients.inputs);
    updateAdagrad(
      slots((from) => from.inputRows),
      inputs.drain(),
      rates,
    );
    updateAdagrad(
      slots((from) => from.outputBias),
      { ids: candidates.ids, gradients: gradients.bias },
      rates,
    );
    for (const [i, whole] of gradients.cells.entries()) {
      updateAdagrad(
        slots((from) => listCellWeights(from.cells)[i]),
        { ids: WHOLE, gradients: whole },
        rates,
      );
    }
  }
}

/** The one row of a weight that every step changes. */
const WHOLE = Int32Array.of(0);

function drop(x: tf.Tensor2D, rate: number, random: Random | undefined): tf.Tensor2D {
  if (rate === 0 || !random) return x;
  // Drawn here, not by `tf.dropout`, so that one seed rules the run.
  const bar = rate * 2 ** 16;
  const kept = 1 / (1 - rate);
  const mask = new Float32Array(x.size);
  for (let i = 0; i < mask.length; i += 2) {
    const bits = random.integer(); // enough for two: no rate is finer than 1 in 65,536
    mask[i] = (bits & 0xffff) < bar ? 0 : kept;
    if (i + 1 < mask.length) mask[i + 1] = bits >>> 16 < bar ? 0 : kept;
  }
  return tf.mul(x, tf.tensor2d(mask, x.shape)) as tf.Tensor2D;
}

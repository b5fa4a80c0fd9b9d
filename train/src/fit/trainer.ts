import type { ModelSpec } from '@pathcast/models/spec';
import { UNKNOWN_ID } from '@pathcast/models/vocabulary';
import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random.ts';
import type { Batch } from './batches.ts';
import type { Candidates, DrawCandidates } from './candidates.ts';
import { groupCells } from './cells.ts';
import { hiddenStates, normaliseStates, paddingMask, unitRows } from './forward.ts';
import { softmaxLoss } from './softmax-loss.ts';
import {
  asLeaves,
  type Differentiated,
  type Leaves,
  listLeaves,
  type PendingLoss,
  type Tables,
} from './tables.ts';

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
export interface StepGradients extends Leaves<Float32Array> {
  /** Mean cross-entropy of the scored steps, in nats. */
  readonly loss: number;
}

/** Trains tables step by step. */
export class Trainer {
  readonly #spec: ModelSpec;
  readonly #tables: Tables;
  readonly #draw: DrawCandidates;
  readonly #settings: StepSettings;
  readonly #logitsAtOnce: number | undefined;

  /** @param logitsAtOnce as `softmaxLoss` takes it. */
  constructor(
    spec: ModelSpec,
    tables: Tables,
    draw: DrawCandidates,
    settings: StepSettings,
    logitsAtOnce?: number,
  ) {
    this.#spec = spec;
    this.#tables = tables;
    this.#draw = draw;
    this.#settings = settings;
    this.#logitsAtOnce = logitsAtOnce;
  }

  /**
   * Takes one step.
   * @param random a stream of the step's own.
   * @returns the mean cross-entropy of the batch's scored steps, in nats; nothing has changed when it is not finite.
   */
  async step(batch: Batch, learningRate: number, random: Random): Promise<PendingLoss> {
    const { unknownRate, momentum } = this.#settings;
    for (const position of batch.positions) {
      if (unknownRate > 0 && random.next() < unknownRate) batch.ids[position] = UNKNOWN_ID;
    }
    const candidates = this.#draw(batch.targets, random);
    return this.#tables.update(this.#differentiate(batch, candidates, random), { learningRate, momentum });
  }

  /** Loss and gradients of a batch against some candidates; nothing is updated. Without `random`, nothing is dropped. */
  async gradients(batch: Batch, candidates: Candidates, random?: Random): Promise<StepGradients> {
    const { loss, gradients } = this.#differentiate(batch, candidates, random);
    const tensors = [loss, ...listLeaves(gradients)];
    const [nats, ...arrays] = await Promise.all(tensors.map((tensor) => tensor.data()));
    tf.dispose(tensors);
    return { loss: nats?.[0] ?? Number.NaN, ...asLeaves(arrays as Float32Array[]) }; // all are float32
  }

  #differentiate(batch: Batch, candidates: Candidates, random: Random | undefined): Differentiated {
    const { value, grads } = tf.tidy(() => {
      const leaves = listLeaves(this.#tables.leaves(batch, candidates));
      return tf.valueAndGrads((...all) => this.#loss(batch, candidates, asLeaves(all), random))(leaves);
    });
    return { batch, candidates, loss: value as tf.Scalar, gradients: asLeaves(grads) };
  }

  #loss(
    batch: Batch,
    candidates: Candidates,
    leaves: Leaves<tf.Tensor>,
    random: Random | undefined,
  ): tf.Scalar {
    const { rowDropout, stateDropout } = this.#settings;
    const { steps, batchSize } = batch;
    const kept = drop(leaves.inputs as tf.Tensor2D, rowDropout, random);
    const cells = groupCells(this.#spec, leaves.cells);
    const all = hiddenStates(this.#spec, cells, kept, { mask: paddingMask(batch), steps, batchSize });
    const scored = tf.gather(all, tf.tensor1d(batch.positions, 'int32')) as tf.Tensor2D;
    const states = drop(scored, stateDropout, random);
    const { normalised } = this.#spec;
    const rows = leaves.rows as tf.Tensor2D;
    return softmaxLoss(
      normalised ? normaliseStates(states) : states,
      normalised ? unitRows(rows) : rows,
      leaves.bias as tf.Tensor1D,
      candidates.targets,
      this.#logitsAtOnce,
    );
  }
}

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

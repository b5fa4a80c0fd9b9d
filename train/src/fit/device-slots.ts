import * as tf from '@tensorflow/tfjs-core';
import { DeviceTable } from '../backends/device-table.ts';
import { EPSILON, type Rates, type Slots } from './adagrad.ts';

/** A table and its optimiser on TensorFlow's device, begun from the host's. */
export class DeviceSlots {
  readonly #host: Slots;
  readonly #weights: DeviceTable;
  readonly #accumulators: DeviceTable;
  readonly #velocities: DeviceTable | undefined;

  constructor(host: Slots, width: number) {
    this.#host = host;
    this.#weights = new DeviceTable(host.weights, width);
    this.#accumulators = new DeviceTable(host.accumulators, width);
    this.#velocities = host.velocities && new DeviceTable(host.velocities, width);
  }

  /** Some rows' weights, by ids int32 [N]: float32 [N, width]. */
  gather(ids: tf.Tensor1D): tf.Tensor2D {
    return this.#weights.gather(ids);
  }

  /**
   * As `updateAdagrad`, on the device; in a tidy.
   * @param ids int32 [N], each once.
   * @param gradients float32 [N, width].
   * @param isTaken bool scalar: where it is false, nothing changes; it is not waited for.
   */
  update(
    { ids, gradients }: { ids: tf.Tensor1D; gradients: tf.Tensor },
    { learningRate, momentum }: Rates,
    isTaken: tf.Tensor,
  ): void {
    const taken = (values: tf.Tensor) => tf.where(isTaken, values, tf.zerosLike(values));
    const squares = taken(tf.square(gradients));
    this.#accumulators.add(ids, squares);
    const sums = this.#accumulators.gather(ids);
    let change: tf.Tensor = tf.mul(gradients, tf.mul(tf.rsqrt(tf.add(sums, EPSILON)), -learningRate));
    if (this.#velocities) {
      const before = this.#velocities.gather(ids);
      change = tf.add(change, tf.mul(before, momentum));
      this.#velocities.set(ids, tf.where(isTaken, change, before));
    }
    this.#weights.add(ids, taken(change));
  }

  /** Copies it all to the host. */
  async settle(): Promise<void> {
    const { weights, accumulators, velocities } = this.#host;
    await copyTo(weights, this.#weights);
    await copyTo(accumulators, this.#accumulators);
    if (velocities && this.#velocities) await copyTo(velocities, this.#velocities);
  }

  dispose(): void {
    for (const table of [this.#weights, this.#accumulators, this.#velocities]) table?.dispose();
  }
}

async function copyTo(host: Float32Array, table: DeviceTable): Promise<void> {
  const all = table.read();
  host.set((await all.data()) as Float32Array); // tables are float32
  all.dispose();
}

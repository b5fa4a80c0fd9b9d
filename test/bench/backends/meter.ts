import * as tf from '@tensorflow/tfjs-core';

/** What is used of tfjs-node's binding. */
interface Binding {
  executeOp(...args: unknown[]): unknown;
  createTensor(shape: number[], dtype: number, values: ArrayLike<number>): number;
  tensorDataSync(id: number): ArrayLike<number>;
}

/** Stands between tfjs-node and TensorFlow, and counts what passes. */
export class Meter {
  readonly #backend: { binding: Binding };
  readonly #binding: Binding;
  #calls = 0;
  #inCalls = 0;
  #inCopies = 0;
  #bytes = 0;

  constructor() {
    this.#backend = tf.backend() as unknown as { binding: Binding };
    this.#binding = this.#backend.binding;
    const binding = this.#binding;
    const metered: Binding = {
      executeOp: (...args) => {
        this.#calls++;
        const started = performance.now();
        const outputs = binding.executeOp(...args);
        this.#inCalls += performance.now() - started;
        return outputs;
      },
      createTensor: (shape, dtype, values) => {
        const started = performance.now();
        const id = binding.createTensor(shape, dtype, values);
        this.#inCopies += performance.now() - started;
        this.#bytes += 4 * values.length;
        return id;
      },
      tensorDataSync: (id) => {
        const started = performance.now();
        const values = binding.tensorDataSync(id);
        this.#inCopies += performance.now() - started;
        this.#bytes += 4 * values.length;
        return values;
      },
    };
    // Over an empty target: the binding's own properties may not be given otherwise than they are.
    const get = (_: Binding, name: string | symbol) => {
      const own = Reflect.get(metered, name);
      if (own) return own;
      const value = Reflect.get(binding, name);
      return typeof value === 'function' ? value.bind(binding) : value;
    };
    this.#backend.binding = new Proxy({} as Binding, { get });
  }

  /** So far: calls, milliseconds in them and in copies, bytes copied. */
  read() {
    return { calls: this.#calls, inCalls: this.#inCalls, inCopies: this.#inCopies, bytes: this.#bytes };
  }

  remove(): void {
    this.#backend.binding = this.#binding;
  }
}

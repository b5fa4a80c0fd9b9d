import * as tf from '@tensorflow/tfjs-core';

/** What is used of tfjs-node's backend, whose own declarations belong to a package that few have. */
interface TensorFlowBackend {
  readonly binding: Readonly<Record<`TF_${string}`, number>>;
  executeSingleOutput(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly tf.TensorInfo[],
  ): tf.Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
}

interface Attribute {
  readonly name: string;
  readonly type: number | undefined;
  readonly value: unknown;
}

let named = 0;

/**
 * A table of float32 [rows, width] that lies on TensorFlow's device and is changed in place, some rows at a time: tfjs's
 * own variables are copied whole by every update. It is a resource variable, reached by TensorFlow's own operations; the
 * current backend must be `tensorflow`.
 * @see https://www.tensorflow.org/api_docs/python/tf/raw_ops/VarHandleOp
 */
export class DeviceTable {
  readonly #backend: TensorFlowBackend;
  readonly #handle: tf.Tensor;

  /** @param values float32 [rows · width], copied. */
  constructor(values: Float32Array, width: number) {
    this.#backend = tf.backend() as unknown as TensorFlowBackend; // see TensorFlowBackend
    const shape = [values.length / width, width];
    this.#handle = tf.keep(
      this.#backend.executeSingleOutput(
        'VarHandleOp',
        [
          this.#attribute('container', 'TF_ATTR_STRING', ''),
          this.#attribute('shared_name', 'TF_ATTR_STRING', `pathcast-table-${named++}`),
          this.#floats,
          this.#attribute('shape', 'TF_ATTR_SHAPE', shape),
        ],
        [],
      ),
    );
    const tensor = tf.tensor(values, shape);
    this.#change('AssignVariableOp', [this.#floats], tensor);
    tensor.dispose();
  }

  /** Some rows, by ids int32 [N]: float32 [N, width]. */
  gather(ids: tf.Tensor1D): tf.Tensor2D {
    return this.#read(
      'ResourceGather',
      [
        this.#attribute('batch_dims', 'TF_ATTR_INT', 0),
        this.#attribute('validate_indices', 'TF_ATTR_BOOL', true),
        this.#floats,
        this.#ids,
      ],
      ids,
    );
  }

  /** Adds to some rows, each named once. @param changes float32 [N, width]. */
  add(ids: tf.Tensor1D, changes: tf.Tensor): void {
    this.#change('ResourceScatterAdd', [this.#floats, this.#ids], ids, changes);
  }

  /** Replaces some rows, each named once. @param rows float32 [N, width]. */
  set(ids: tf.Tensor1D, rows: tf.Tensor): void {
    this.#change('ResourceScatterUpdate', [this.#floats, this.#ids], ids, rows);
  }

  /** All of it, float32 [rows, width]. */
  read(): tf.Tensor2D {
    return this.#read('ReadVariableOp', [this.#floats]);
  }

  /** Gives the device its memory back. */
  dispose(): void {
    this.#change('DestroyResourceOp', [this.#attribute('ignore_lookup_error', 'TF_ATTR_BOOL', true)]);
    this.#handle.dispose();
  }

  get #floats(): Attribute {
    return this.#attribute('dtype', 'TF_ATTR_TYPE', this.#backend.binding.TF_FLOAT);
  }

  get #ids(): Attribute {
    return this.#attribute('Tindices', 'TF_ATTR_TYPE', this.#backend.binding.TF_INT32);
  }

  #attribute(name: string, type: `TF_ATTR_${string}`, value: unknown): Attribute {
    return { name, type: this.#backend.binding[type], value };
  }

  #read(op: string, attributes: readonly Attribute[], ...inputs: tf.Tensor[]): tf.Tensor2D {
    return this.#backend.executeSingleOutput(op, attributes, [this.#handle, ...inputs]) as tf.Tensor2D;
  }

  #change(op: string, attributes: readonly Attribute[], ...inputs: tf.Tensor[]): void {
    this.#backend.executeMultipleOutputs(op, attributes, [this.#handle, ...inputs], 0);
  }
}

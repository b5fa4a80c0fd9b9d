import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/** What `kernel/product.ts` exports: addresses, strides and sizes in bytes and numbers, all below 2^32. */
interface ProductExports {
  scratchBytes(): number;
  multiply(
    ...args: [
      ...left: [start: number, row: number, column: number],
      ...right: [start: number, row: number, column: number],
      out: number,
      ...sizes: [m: number, k: number, n: number],
      scratch: number,
    ]
  ): void;
}

/** What is used of tfjs's own module. */
interface TfjsModule {
  readonly asm: { readonly memory: WebAssembly.Memory };
  _malloc(bytes: number): number;
}

const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/**
 * Products at the same speed whichever side is transposed, and half as fast again as the backend's plain ones: those pack their
 * right side number by number, and multiply transposed sides without packing at all.
 * @param module of `kernel/product.ts`.
 * @param plain for what this kernel does not multiply: batches, and matrices without a number.
 */
export function createProductKernel(module: WebAssembly.Module, plain: tf.KernelFunc): tf.KernelFunc {
  const kernels = new WeakMap<BackendWasm, { exports: ProductExports; scratch: number }>();

  function kernelOf(backend: BackendWasm) {
    let kernel = kernels.get(backend);
    if (!kernel) {
      const { asm, _malloc: allocate } = backend.wasm as unknown as TfjsModule; // its declaration names neither
      const env = { memory: asm.memory, abort: () => {} };
      const exports = new WebAssembly.Instance(module, { env }).exports as unknown as ProductExports;
      kernel = { exports, scratch: allocate(exports.scratchBytes() + 16) };
      kernels.set(backend, kernel);
    }
    return kernel;
  }

  return ({ inputs, attrs, backend }) => {
    const { a, b } = inputs;
    const left = a && matrixOf(a, attrs?.transposeA === true);
    const right = b && matrixOf(b, attrs?.transposeB === true);
    const isOurs =
      left && right && left.columns === right.rows && left.rows * left.columns * right.columns > 0;
    if (!isOurs) return plain({ inputs, attrs, backend });
    const wasm = backend as BackendWasm; // registered for this backend only
    const { exports, scratch } = kernelOf(wasm);
    const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const output = wasm.makeOutput([...outer, left.rows, right.columns], 'float32');
    const start = (tensor: tf.TensorInfo) => wasm.typedArrayFromHeap(tensor).byteOffset;
    exports.multiply(
      ...[start(a), left.rowStep, left.columnStep],
      ...[start(b), right.rowStep, right.columnStep],
      start(output),
      ...[left.rows, left.columns, right.columns],
      scratch,
    );
    return output;
  };
}

/** A tensor as one matrix, with the bytes from row to row and from column to column; undefined when it is a batch of them. */
function matrixOf({ shape, dtype }: tf.TensorInfo, isTransposed: boolean) {
  const [rows = 0, columns = 0] = shape.slice(-2);
  const isOne = shape.length >= 2 && dtype === 'float32' && tf.util.sizeFromShape(shape) === rows * columns;
  if (!isOne) return undefined;
  return isTransposed
    ? { rows: columns, columns: rows, rowStep: FLOAT, columnStep: columns * FLOAT }
    : { rows, columns, rowStep: columns * FLOAT, columnStep: FLOAT };
}

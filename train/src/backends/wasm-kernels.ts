import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

type KernelInputs = Parameters<tf.KernelFunc>[0];

/**
 * Registers the two kernels that training on the wasm backend needs: transposed products at the speed of plain ones,
 * and the segment sum that differentiates a row look-up, which the backend lacks. Safe to call twice.
 */
export function registerWasmKernels(): void {
  if (tf.getKernel(tf.UnsortedSegmentSum, 'wasm')) return;
  transposeFirst(tf.BatchMatMul);
  transposeFirst(tf._FusedMatMul);
  tf.registerKernel({
    kernelName: tf.UnsortedSegmentSum,
    backendName: 'wasm',
    kernelFunc: unsortedSegmentSum,
  });
}

/** The backend multiplies transposed matrices about ten times slower than it transposes and multiplies. */
function transposeFirst(kernelName: string): void {
  const plain = kernelOf(kernelName);
  const transpose = kernelOf(tf.Transpose);
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    ...plain,
    kernelFunc: ({ inputs, attrs, backend }: KernelInputs) => {
      const swapped: tf.TensorInfo[] = [];
      const laidOut = (matrix: tf.TensorInfo, isTransposed: unknown): tf.TensorInfo => {
        if (isTransposed !== true) return matrix;
        const axes = matrix.shape.map((_, axis) => axis);
        const perm = [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
        const result = transpose.kernelFunc({ inputs: { x: matrix }, attrs: { perm }, backend });
        if (Array.isArray(result)) throw new Error('Transpose gives one tensor');
        swapped.push(result);
        return result;
      };
      const { a, b } = inputs;
      if (!a || !b) throw new Error(`${kernelName} needs two matrices`);
      const output = plain.kernelFunc({
        inputs: { ...inputs, a: laidOut(a, attrs?.transposeA), b: laidOut(b, attrs?.transposeB) },
        attrs: { ...attrs, transposeA: false, transposeB: false },
        backend,
      });
      // A transposition of one row or column comes back as the same data under another shape.
      for (const { dataId } of swapped) (backend as BackendWasm).disposeData(dataId);
      return output;
    },
  });
}

function kernelOf(name: string): tf.KernelConfig {
  const kernel = tf.getKernel(name, 'wasm');
  if (!kernel) throw new Error(`the wasm backend has no kernel ${name}`);
  return kernel;
}

/** x float32 [N, …] summed by segmentIds int32 [N] into [numSegments, …]; ids out of range are dropped. */
function unsortedSegmentSum({ inputs, attrs, backend }: KernelInputs): tf.TensorInfo {
  const wasm = backend as BackendWasm; // registered for this backend only
  const { x, segmentIds } = inputs;
  const segments = attrs?.numSegments;
  if (!x || !segmentIds || typeof segments !== 'number') throw new Error('UnsortedSegmentSum lacks an input');
  const output = wasm.makeOutput([segments, ...x.shape.slice(1)], x.dtype);
  // Views are taken after the allocation, which may move the heap.
  const sums = wasm.typedArrayFromHeap(output);
  const values = wasm.typedArrayFromHeap(x);
  const ids = wasm.typedArrayFromHeap(segmentIds);
  const width = x.shape.slice(1).reduce((product, size) => product * size, 1);
  sums.fill(0);
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row] ?? -1;
    if (id < 0 || id >= segments) continue;
    const from = row * width;
    const to = id * width;
    for (let i = 0; i < width; i++) sums[to + i] = (sums[to + i] ?? 0) + (values[from + i] ?? 0);
  }
  return output;
}

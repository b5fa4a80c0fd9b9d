import { fileURLToPath } from 'node:url';
import { compileKernel } from '@pathcast/models/kernel/compile';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { createProductKernel } from './product-kernel.ts';

type KernelInputs = Parameters<tf.KernelFunc>[0];

const PRODUCT = fileURLToPath(new URL('../../kernel/product.ts', import.meta.url));

/**
 * Registers the kernels that training on the wasm backend needs: products, fast whichever side is transposed, slices that
 * copy no more than they give, and the segment sum that differentiates a row look-up, which the backend lacks. Safe
 * to call twice.
 */
export async function registerWasmKernels(): Promise<void> {
  const product = await compileKernel(PRODUCT);
  if (tf.getKernel(tf.UnsortedSegmentSum, 'wasm')) return;
  transposeFirst(tf.BatchMatMul);
  replace(tf.BatchMatMul, createProductKernel(product, kernelOf(tf.BatchMatMul).kernelFunc));
  transposeFirst(tf._FusedMatMul);
  tf.registerKernel({
    kernelName: tf.UnsortedSegmentSum,
    backendName: 'wasm',
    kernelFunc: unsortedSegmentSum,
  });
  replace(tf.Slice, slice);
  replace(tf.SplitV, split);
  gatherByRow();
}

/** Puts a function in the place of a kernel's; what sets the kernel up stays. */
function replace(kernelName: string, kernelFunc: tf.KernelFunc): void {
  const kernel = kernelOf(kernelName);
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ ...kernel, kernelFunc });
}

/** The backend multiplies transposed matrices about ten times slower than it transposes and multiplies. */
function transposeFirst(kernelName: string): void {
  const plain = kernelOf(kernelName);
  const transpose = kernelOf(tf.Transpose);
  replace(kernelName, ({ inputs, attrs, backend }: KernelInputs) => {
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

/** The backend's own works an index out for every number; of whole rows, one copy a row does. */
function gatherByRow(): void {
  const plain = kernelOf(tf.GatherV2);
  replace(tf.GatherV2, ({ inputs, attrs, backend }) => {
    const { x, indices } = inputs;
    const wasm = backend as BackendWasm; // registered for this backend only
    const isByRow = attrs?.axis === 0 && (attrs.batchDims ?? 0) === 0 && indices?.shape.length === 1;
    if (!x || !indices || !isByRow) return plain.kernelFunc({ inputs, attrs, backend });
    const output = wasm.makeOutput([...indices.shape, ...x.shape.slice(1)], x.dtype);
    const to = wasm.typedArrayFromHeap(output);
    const from = wasm.typedArrayFromHeap(x);
    const ids = wasm.typedArrayFromHeap(indices);
    const width = x.shape.slice(1).reduce((product, size) => product * size, 1);
    for (let i = 0; i < ids.length; i++) {
      const start = (ids[i] ?? 0) * width;
      to.set(from.subarray(start, start + width), i * width);
    }
    return output;
  });
}

/** The backend's own copies the whole tensor out of its heap first: a step's rows at the price of all steps'. */
function slice({ inputs, attrs, backend }: KernelInputs): tf.TensorInfo {
  const { x } = inputs;
  if (!x) throw new Error('Slice lacks its input');
  const { begin, size } = attrs as { begin: number | number[]; size: number | number[] }; // as tf.slice passes them
  const [start, shape] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size);
  return copyBlock(backend as BackendWasm, x, start ?? [], shape ?? []);
}

function split({ inputs, attrs, backend }: KernelInputs): tf.TensorInfo[] {
  const { x } = inputs;
  if (!x) throw new Error('SplitV lacks its input');
  const { numOrSizeSplits, axis } = attrs as { numOrSizeSplits: number | number[]; axis: number }; // as tf.split passes them
  const [along = 0] = tf.util.parseAxisParam(axis, x.shape);
  const start: number[] = x.shape.map(() => 0);
  return tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, along).map((length) => {
    const shape = x.shape.map((size, at) => (at === along ? length : size));
    const part = copyBlock(backend as BackendWasm, x, start, shape);
    start[along] = (start[along] ?? 0) + length;
    return part;
  });
}

/** Copies the block of `shape` that begins at `start`, run by contiguous run. */
function copyBlock(wasm: BackendWasm, x: tf.TensorInfo, start: number[], shape: number[]): tf.TensorInfo {
  const output = wasm.makeOutput(shape, x.dtype);
  const to = wasm.typedArrayFromHeap(output);
  const from = wasm.typedArrayFromHeap(x);
  // Axes that are taken whole, from the last one inwards, make one run with the axis before them.
  let axis = shape.length - 1;
  while (axis > 0 && shape[axis] === x.shape[axis]) axis--;
  const strides = [...tf.util.computeStrides(x.shape), 1];
  const run = shape.slice(axis).reduce((product, size) => product * size, 1);
  if (run === 0 || to.length === 0) return output;
  const runs = to.length / run;
  for (let i = 0; i < runs; i++) {
    let rest = i;
    let offset = (start[axis] ?? 0) * (strides[axis] ?? 1);
    for (let outer = axis - 1; outer >= 0; outer--) {
      const size = shape[outer] ?? 1;
      offset += ((start[outer] ?? 0) + (rest % size)) * (strides[outer] ?? 1);
      rest = Math.floor(rest / size);
    }
    to.set(from.subarray(offset, offset + run), i * run);
  }
  return output;
}

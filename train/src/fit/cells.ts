import { GATES, type ModelSpec } from '@pathcast/models/spec';
import { type CellWeights, cellKernelRows } from '@pathcast/models/weights';
import * as tf from '@tensorflow/tfjs-core';

/** A cell's weights on the backend, as `CellWeights`. */
export interface CellTensors {
  readonly kernel: tf.Tensor2D | undefined;
  readonly recurrentKernel: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

/** Copies the cells' weights to the backend; the caller disposes them. */
export function putCells(spec: ModelSpec, cells: readonly CellWeights[]): CellTensors[] {
  const columns = GATES[spec.cell] * spec.hiddenUnits;
  return cells.map(({ kernel, recurrentKernel, bias }, layer) => ({
    kernel: kernel && tf.tensor2d(kernel, [cellKernelRows(spec, layer), columns]),
    recurrentKernel: tf.tensor2d(recurrentKernel, [spec.hiddenUnits, columns]),
    bias: tf.tensor1d(bias),
  }));
}

/** The cells' tensors in a fixed order: kernel where there is one, recurrent kernel, bias. */
export function listCells(cells: readonly CellTensors[]): tf.Tensor[] {
  return cells.flatMap(({ kernel, recurrentKernel, bias }) =>
    kernel ? [kernel, recurrentKernel, bias] : [recurrentKernel, bias],
  );
}

/** The cells' weights on the host, in the order of {@link listCells}. */
export function listCellWeights(cells: readonly CellWeights[]): Float32Array[] {
  return cells.flatMap(({ kernel, recurrentKernel, bias }) =>
    kernel ? [kernel, recurrentKernel, bias] : [recurrentKernel, bias],
  );
}

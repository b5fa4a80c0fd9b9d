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
  const shapes = cellShapes(spec);
  return groupCells(
    spec,
    listCellWeights(cells).map((weight, i) => tf.tensor(weight, shapes[i])),
  );
}

/** The shapes of the cells' weights, in the order of {@link listCells}. */
export function cellShapes(spec: ModelSpec): number[][] {
  const columns = GATES[spec.cell] * spec.hiddenUnits;
  return Array.from({ length: spec.layers }, (_, layer) => {
    const kernelRows = cellKernelRows(spec, layer);
    const others = [[spec.hiddenUnits, columns], [columns]];
    return kernelRows > 0 ? [[kernelRows, columns], ...others] : others;
  }).flat();
}

/** The cells' tensors in a fixed order: kernel where there is one, recurrent kernel, bias. */
export function listCells(cells: readonly CellTensors[]): tf.Tensor[] {
  return cells.flatMap(({ kernel, recurrentKernel, bias }) =>
    kernel ? [kernel, recurrentKernel, bias] : [recurrentKernel, bias],
  );
}

/** A list of {@link listCells} as cells again. */
export function groupCells(spec: ModelSpec, list: readonly tf.Tensor[]): CellTensors[] {
  const rest = [...list] as (tf.Tensor2D & tf.Tensor1D)[]; // each of its own rank, as it was listed
  const take = () => {
    const next = rest.shift();
    if (!next) throw new Error('a weight of a cell is missing');
    return next;
  };
  return Array.from({ length: spec.layers }, (_, layer) => ({
    kernel: cellKernelRows(spec, layer) > 0 ? take() : undefined,
    recurrentKernel: take(),
    bias: take(),
  }));
}

/** The cells' weights on the host, in the order of {@link listCells}. */
export function listCellWeights(cells: readonly CellWeights[]): Float32Array[] {
  return cells.flatMap(({ kernel, recurrentKernel, bias }) =>
    kernel ? [kernel, recurrentKernel, bias] : [recurrentKernel, bias],
  );
}

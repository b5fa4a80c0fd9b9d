import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import * as z from 'zod';
import { cellWeightsSchema, type Weights } from './weights.ts';

const float32 = z.instanceof(Float32Array);

/** What tuning changed: weights less the base's, grown by the new tokens. */
export const deltaWeightsSchema = z.object({
  /** The input rows that changed, by id; the others never do. */
  inputIds: z.instanceof(Int32Array),
  /** [inputIds, row width]. */
  inputRows: float32,
  cells: z.array(cellWeightsSchema),
  outputKernel: float32,
  outputBias: float32,
});

export type DeltaWeights = z.infer<typeof deltaWeightsSchema>;

/** Tuned weights less the grown base's. */
export function subtract(tuned: Weights, base: Weights, spec: ModelSpec): DeltaWeights {
  const width = inputRowWidth(spec);
  const difference = less(tuned.inputRows, base.inputRows);
  const changed: number[] = [];
  for (let id = 0; id * width < difference.length; id++) {
    if (difference.subarray(id * width, (id + 1) * width).some((value) => value !== 0)) changed.push(id);
  }
  const inputRows = new Float32Array(changed.length * width);
  for (const [row, id] of changed.entries()) {
    inputRows.set(difference.subarray(id * width, (id + 1) * width), row * width);
  }
  return {
    inputIds: Int32Array.from(changed),
    inputRows,
    cells: joinCells(tuned.cells, base.cells, less),
    outputKernel: less(tuned.outputKernel, base.outputKernel),
    outputBias: less(tuned.outputBias, base.outputBias),
  };
}

/**
 * The grown base's weights with the difference added.
 * @throws RangeError when the delta is not of that base's shape.
 */
export function add(base: Weights, delta: DeltaWeights, spec: ModelSpec): Weights {
  const width = inputRowWidth(spec);
  const inputRows = base.inputRows.slice();
  if (delta.inputRows.length !== delta.inputIds.length * width) throw new RangeError('inputRows');
  for (const [row, id] of delta.inputIds.entries()) {
    const at = id * width;
    if (id < 0 || at >= inputRows.length) throw new RangeError('inputIds');
    const values = delta.inputRows.subarray(row * width, (row + 1) * width);
    inputRows.set(plus(inputRows.subarray(at, at + width), values), at);
  }
  return {
    inputRows,
    cells: joinCells(base.cells, delta.cells, plus),
    outputKernel: plus(base.outputKernel, delta.outputKernel),
    outputBias: plus(base.outputBias, delta.outputBias),
  };
}

type Join = (a: Float32Array, b: Float32Array) => Float32Array<ArrayBuffer>;

const plus: Join = (a, b) => joined(a, b, (x, y) => x + y);
const less: Join = (a, b) => joined(a, b, (x, y) => x - y);

function joined(a: Float32Array, b: Float32Array, join: (x: number, y: number) => number) {
  if (a.length !== b.length) throw new RangeError(`${a.length} values meet ${b.length}`);
  return Float32Array.from(a, (value, index) => join(value, b[index] ?? 0));
}

function joinCells(a: Weights['cells'], b: Weights['cells'], join: Join): DeltaWeights['cells'] {
  if (a.length !== b.length) throw new RangeError('cells');
  return a.map(({ kernel, recurrentKernel, bias }, layer) => {
    const other = b[layer];
    if (!other || !kernel !== !other.kernel) throw new RangeError(`cells[${layer}]`);
    return {
      ...(kernel && other.kernel && { kernel: join(kernel, other.kernel) }),
      recurrentKernel: join(recurrentKernel, other.recurrentKernel),
      bias: join(bias, other.bias),
    };
  });
}

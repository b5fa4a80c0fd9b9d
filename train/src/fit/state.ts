import type { ModelSpec } from '@pathcast/models/spec';
import { type ModelWeights, weightLengths } from '@pathcast/models/weights';
import type { Slots } from './adagrad.ts';
import { listCellWeights } from './cells.ts';
import { share, sharedFloats } from './shared.ts';

/** All that training changes, on the host, where workers share it. */
export interface TrainingState {
  readonly weights: ModelWeights;
  /** Adagrad's sums of squared gradients, one a weight. */
  readonly accumulators: ModelWeights;
  /** One a weight; absent without momentum, which at a million pages saves as much as the weights. */
  readonly velocities?: ModelWeights | undefined;
}

/**
 * Moves weights into shared memory, where they are not there yet, with an optimiser that has seen nothing.
 * @param options.trust what Adagrad's sums begin with: the larger, the less the first steps change; 0 for random weights.
 */
export function createState(
  spec: ModelSpec,
  drawn: ModelWeights,
  { momentum, trust = 0 }: { momentum: number; trust?: number },
): TrainingState {
  const { inputRows, cells, outputRows, outputBias } = drawn;
  const weights = {
    inputRows: share(inputRows),
    cells: cells.map(({ kernel, recurrentKernel, bias }) => ({
      ...(kernel ? { kernel: share(kernel) } : {}),
      recurrentKernel: share(recurrentKernel),
      bias: share(bias),
    })),
    ...(outputRows ? { outputRows: share(outputRows) } : {}),
    outputBias: share(outputBias),
  };
  return {
    weights,
    accumulators: filled(spec, trust),
    ...(momentum > 0 ? { velocities: filled(spec, 0) } : {}),
  };
}

/** A state table by table; tied, outputs are the inputs. */
export interface StateSlots {
  readonly inputs: Slots;
  readonly outputs: Slots;
  readonly bias: Slots;
  /** In the order of `listCellWeights`. */
  readonly cells: readonly Slots[];
}

/** The same arrays as the state's, each beside its optimiser's. */
export function slotsOf({ weights, accumulators, velocities }: TrainingState): StateSlots {
  const slots = (of: (from: ModelWeights) => Float32Array | undefined): Slots => ({
    weights: of(weights) as Float32Array, // the three are alike
    accumulators: of(accumulators) as Float32Array,
    velocities: velocities && of(velocities),
  });
  const inputs = slots((from) => from.inputRows);
  return {
    inputs,
    outputs: weights.outputRows ? slots((from) => from.outputRows) : inputs,
    bias: slots((from) => from.outputBias),
    cells: listCellWeights(weights.cells).map((_, i) => slots((from) => listCellWeights(from.cells)[i])),
  };
}

function filled(spec: ModelSpec, value: number): ModelWeights {
  const lengths = weightLengths(spec);
  const floats = (length: number) => {
    const shared = sharedFloats(length);
    if (value !== 0) shared.fill(value);
    return shared;
  };
  return {
    inputRows: floats(lengths.inputRows),
    cells: lengths.cells.map(({ kernel, recurrentKernel, bias }) => ({
      ...(kernel > 0 ? { kernel: floats(kernel) } : {}),
      recurrentKernel: floats(recurrentKernel),
      bias: floats(bias),
    })),
    ...(lengths.outputRows > 0 ? { outputRows: floats(lengths.outputRows) } : {}),
    outputBias: floats(lengths.outputBias),
  };
}

import { gateWidth, multiplyInto, stepCell, zeroState } from '@pathcast/models/predictor/cells';
import { normalise } from '@pathcast/models/predictor/scorer';
import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import type { Weights } from './weights.ts';

/** A model on the host: it computes without tfjs. */
export interface HostModel {
  /** Its vocabulary size is that of the weights. */
  readonly spec: ModelSpec;
  readonly weights: Weights;
}

/** The last layer's state float32 [H] after each id, from a state of zeros. */
export function* statesOf({ spec, weights }: HostModel, ids: Iterable<number>): Generator<Float32Array> {
  const width = inputRowWidth(spec);
  const states = weights.cells.map(() => zeroState(spec.hiddenUnits));
  for (const id of ids) {
    let below = weights.inputRows.subarray(id * width, (id + 1) * width);
    for (const [layer, { kernel, recurrentKernel, bias }] of weights.cells.entries()) {
      const gates = new Float32Array(gateWidth(spec.cell, spec.hiddenUnits));
      if (kernel) multiplyInto(gates, below, kernel);
      else gates.set(below);
      const state = states[layer] ?? zeroState(spec.hiddenUnits);
      stepCell(spec.cell, { kernel, recurrentKernel, bias }, gates, state);
      below = state.h.slice();
    }
    yield below;
  }
}

/** Logits float32 [V] of a state; those of padding and unknown are −∞. */
export function logitsOf({ spec, weights }: HostModel, state: Float32Array): Float32Array {
  const logits = weights.outputBias.slice();
  multiplyInto(logits, spec.normalised ? normalise(state) : state, weights.outputKernel);
  // Their columns take part in no loss, so a state could still raise them.
  logits.fill(Number.NEGATIVE_INFINITY, 0, FIRST_TOKEN_ID);
  return logits;
}

/** Log-probabilities float32 of the first ids alone, as if there were no others. */
export function logSoftmax(logits: Float32Array, ids = logits.length): Float32Array {
  const kept = logits.slice(0, ids);
  const max = kept.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const sum = kept.reduce((total, value) => total + Math.exp(value - max), 0);
  return kept.map((value) => value - max - Math.log(sum));
}

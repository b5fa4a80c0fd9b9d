import type { Pack } from '../pack/pack.ts';
import type { QuantisedRows } from '../pack/quantise.ts';
import { inputRowWidth, NORM_EPSILON, NORMALISED_SCALE } from '../spec.ts';
import { gateWidth, multiplyInto, stepCell, zeroState } from './cells.ts';

/** Runs a pack's cells over token ids and scores every output row. */
export class Recurrence {
  readonly #pack: Pack;

  constructor(pack: Pack) {
    this.#pack = pack;
  }

  /** Logits float32 [V] after the last id. */
  lastLogits(ids: readonly number[]): Float32Array {
    let state = new Float32Array(this.#pack.spec.hiddenUnits);
    for (const next of this.#states(ids)) state = next;
    return this.#score(state);
  }

  /** Logits float32 [V] after each id. */
  *eachLogits(ids: readonly number[]): Generator<Float32Array> {
    for (const state of this.#states(ids)) yield this.#score(state);
  }

  /** The last layer's state float32 [H] after each id; the array is reused. */
  *#states(ids: readonly number[]): Generator<Float32Array<ArrayBuffer>> {
    const { spec, cells, input } = this.#pack;
    const states = cells.map(() => zeroState(spec.hiddenUnits));
    const width = inputRowWidth(spec);
    const gates = new Float32Array(gateWidth(spec.cell, spec.hiddenUnits));
    for (const id of ids) {
      let below = dequantise(input, id, width);
      for (const [layer, cell] of cells.entries()) {
        gates.fill(0);
        if (cell.kernel) multiplyInto(gates, below, cell.kernel);
        else gates.set(below);
        const state = states[layer];
        if (!state) continue;
        stepCell(spec.cell, cell, gates, state);
        below = state.h;
      }
      yield below as Float32Array<ArrayBuffer>; // every array here is its own, never shared memory
    }
  }

  #score(state: Float32Array): Float32Array {
    const { spec, output, outputBias } = this.#pack;
    const vector = spec.normalised ? normalise(state) : state;
    const H = spec.hiddenUnits;
    const logits = new Float32Array(spec.vocabularySize);
    const { rows, scales } = output;
    for (let row = 0; row < logits.length; row++) {
      let sum = 0;
      const start = row * H;
      for (let i = 0; i < H; i++) sum += (rows[start + i] ?? 0) * (vector[i] ?? 0);
      logits[row] = sum * (scales[row] ?? 0) + (outputBias[row] ?? 0);
    }
    return logits;
  }
}

function dequantise({ rows, scales }: QuantisedRows, id: number, width: number): Float32Array {
  const row = new Float32Array(width);
  const scale = scales[id] ?? 0;
  for (let i = 0; i < width; i++) row[i] = (rows[id * width + i] ?? 0) * scale;
  return row;
}

/** Layer normalisation with gamma = s/√H and beta = 0, of a state float32 [H]. */
export function normalise(state: Float32Array): Float32Array {
  const H = state.length;
  const mean = state.reduce((sum, value) => sum + value, 0) / H;
  const variance = state.reduce((sum, value) => sum + (value - mean) ** 2, 0) / H;
  const factor = NORMALISED_SCALE / Math.sqrt(H) / Math.sqrt(variance + NORM_EPSILON);
  return state.map((value) => (value - mean) * factor);
}

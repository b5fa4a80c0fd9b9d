import type { Pack } from '../pack/pack.ts';
import type { QuantisedRows } from '../pack/quantise.ts';
import { inputRowWidth } from '../spec.ts';
import { FIRST_TOKEN_ID } from '../vocabulary.ts';
import { gateWidth, multiplyInto, stepCell, zeroState } from './cells.ts';
import { largest } from './ranking.ts';
import { normalise, quantiseVector, type Scorer, type Scores } from './scorer.ts';

/** The scorer in plain TypeScript: the reference for the kernel. */
export class PlainScorer implements Scorer {
  readonly #pack: Pack;
  readonly #logits: Float32Array;
  readonly #vector: Int16Array;

  constructor(pack: Pack) {
    this.#pack = pack;
    this.#logits = new Float32Array(pack.spec.vocabularySize);
    this.#vector = new Int16Array(pack.spec.hiddenUnits);
  }

  last(ids: readonly number[]): Scores {
    let state = new Float32Array(this.#pack.spec.hiddenUnits);
    for (const next of this.#states(ids)) state = next;
    return this.#score(state);
  }

  *lastOfEach(batch: readonly (readonly number[])[]): Generator<Scores> {
    for (const ids of batch) yield this.last(ids);
  }

  *each(ids: readonly number[]): Generator<Scores> {
    for (const state of this.#states(ids)) yield this.#score(state);
  }

  /** The last layer's state float32 [H] after each id; the array is reused. */
  *#states(ids: readonly number[]): Generator<Float32Array<ArrayBuffer>> {
    const { spec, cells, input } = this.#pack;
    const states = cells.map(() => zeroState(spec.hiddenUnits));
    const width = inputRowWidth(spec);
    const gates = new Float32Array(gateWidth(spec.cell, spec.hiddenUnits));
    for (const id of ids) {
      let below = widenRow(input, id, width);
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

  #score(state: Float32Array): Scores {
    const { spec, output, outputBias } = this.#pack;
    const scale = quantiseVector(spec.normalised ? normalise(state) : state, this.#vector);
    scoreRows(output, this.#vector, scale, outputBias, this.#logits);
    return new PlainScores(this.#logits);
  }
}

/** logits[i] = (row i · vector) × its scale × the vector's + bias[i], each step rounded to float32, as the kernel does. */
function scoreRows(
  { rows, scales }: QuantisedRows,
  vector: Int16Array,
  vectorScale: number,
  bias: Float32Array,
  logits: Float32Array,
): void {
  const H = vector.length;
  for (let row = 0; row < logits.length; row++) {
    let sum = 0;
    const start = row * H;
    for (let i = 0; i < H; i++) sum += (rows[start + i] ?? 0) * (vector[i] ?? 0);
    const scaled = Math.fround(Math.fround(sum) * (scales[row] ?? 0));
    logits[row] = Math.fround(scaled * vectorScale) + (bias[row] ?? 0);
  }
}

class PlainScores implements Scores {
  constructor(readonly logits: Float32Array) {}

  top(k: number): number[] {
    return largest(this.logits.subarray(FIRST_TOKEN_ID), k).map((token) => token + FIRST_TOKEN_ID);
  }

  logSumExp(temperature: number): number {
    const max = this.logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (const logit of this.logits) sum += Math.exp((logit - max) / temperature);
    return max / temperature + Math.log(sum);
  }
}

function widenRow({ rows, scales }: QuantisedRows, id: number, width: number): Float32Array {
  const row = new Float32Array(width);
  const scale = scales[id] ?? 0;
  for (let i = 0; i < width; i++) row[i] = (rows[id * width + i] ?? 0) * scale;
  return row;
}

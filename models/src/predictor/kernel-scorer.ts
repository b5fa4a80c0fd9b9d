import type { Pack, PackCell } from '../pack/pack.ts';
import { GATES, inputRowWidth } from '../spec.ts';
import { FIRST_TOKEN_ID } from '../vocabulary.ts';
import type { KernelExports } from './kernel-exports.ts';
import { BATCH, FLOAT, MOST_PLACES, type Places } from './layout.ts';
import { largest } from './ranking.ts';
import { normalise, quantiseVector, type Scorer, type Scores } from './scorer.ts';

/** The scorer in WebAssembly, over a pack that lies in its memory. */
export class KernelScorer implements Scorer {
  readonly #kernel: KernelExports;
  readonly #pack: Pack;
  readonly #places: Places;
  readonly #state: Float32Array;
  readonly #vectors: readonly Int16Array[];
  readonly #vectorScales: Float32Array;
  readonly #scores: readonly KernelScores[];

  /**
   * @param pack whose arrays are views of the kernel's memory.
   * @param places in that memory, behind the pack.
   */
  constructor(kernel: KernelExports, pack: Pack, places: Places) {
    const { buffer } = pack.output.rows;
    const { hiddenUnits: H, vocabularySize: V, layers } = pack.spec;
    const top = places.states[layers - 1]?.h ?? 0;
    this.#kernel = kernel;
    this.#pack = pack;
    this.#places = places;
    this.#state = new Float32Array(buffer, top, H);
    this.#vectorScales = new Float32Array(buffer, places.vectorScales, BATCH);
    const { vectors, logits, totals } = places;
    const slots = Array.from({ length: BATCH }, (_, slot) => slot);
    this.#vectors = slots.map((slot) => new Int16Array(buffer, vectors.at + slot * vectors.bytes, H));
    kernel.sumRows(pack.output.rows.byteOffset, V, H, places.sums);
    const found = { places: new Uint32Array(buffer, places.places, MOST_PLACES), values: places.values };
    this.#scores = slots.map(
      (slot) =>
        new KernelScores(kernel, {
          ...found,
          logits: new Float32Array(buffer, logits.at + slot * logits.bytes, V),
          total: new Float64Array(buffer, totals + 16 * slot, 2),
        }),
    );
  }

  last(ids: readonly number[], temperature = 1): Scores {
    const [scores] = this.#score([ids], temperature);
    if (!scores) throw new RangeError('nothing was scored');
    return scores;
  }

  *lastOfEach(batch: readonly (readonly number[])[], temperature = 1): Generator<Scores> {
    for (let start = 0; start < batch.length; start += BATCH) {
      yield* this.#score(batch.slice(start, start + BATCH), temperature);
    }
  }

  *each(ids: readonly number[]): Generator<Scores> {
    this.#begin();
    for (const [step, id] of ids.entries()) {
      this.#read(id, step);
      this.#keep(0);
      yield* this.#scoreKept(1, 1);
    }
  }

  /** @param batch at most `BATCH` lists of ids. */
  #score(batch: readonly (readonly number[])[], temperature: number): readonly KernelScores[] {
    for (const [slot, ids] of batch.entries()) {
      this.#begin();
      for (const [step, id] of ids.entries()) this.#read(id, step);
      this.#keep(slot);
    }
    return this.#scoreKept(batch.length, temperature);
  }

  #begin(): void {
    const { hiddenUnits: H } = this.#pack.spec;
    for (const { h, c } of this.#places.states) {
      new Float32Array(this.#state.buffer, h, H).fill(0);
      new Float32Array(this.#state.buffer, c, H).fill(0);
    }
  }

  /** Advances every layer by one id. @param step 0 at first, when there is no state yet to multiply. */
  #read(id: number, step: number): void {
    const { spec, cells, input } = this.#pack;
    const width = inputRowWidth(spec);
    const places = this.#places;
    this.#kernel.widenRow(input.rows.byteOffset + id * width, input.scales[id] ?? 0, width, places.input);
    let below = { at: places.input, width };
    for (const [layer, cell] of cells.entries()) {
      const state = places.states[layer];
      if (!state) continue;
      this.#step(cell, below, state, step === 0);
      below = { at: state.h, width: spec.hiddenUnits };
    }
  }

  #step(
    cell: PackCell,
    below: { at: number; width: number },
    { h, c }: { h: number; c: number },
    isFirst: boolean,
  ): void {
    const { hiddenUnits: H, cell: type } = this.#pack.spec;
    const { gates, reset } = this.#places;
    const kernel = this.#kernel;
    const columns = GATES[type] * H;
    if (cell.kernel) {
      new Float32Array(this.#state.buffer, gates, columns).set(cell.bias);
      kernel.multiplyInto(gates, below.at, below.width, cell.kernel.byteOffset, columns, 0, columns);
    } else {
      kernel.add(gates, below.at, cell.bias.byteOffset, columns);
    }
    const recurrent = cell.recurrentKernel.byteOffset;
    const first = type === 'gru' ? 2 * H : columns; // a GRU's candidate reads the reset state
    if (!isFirst) kernel.multiplyInto(gates, h, H, recurrent, columns, 0, first);
    if (type === 'simple') kernel.stepSimple(gates, h, H);
    else if (type === 'lstm') kernel.stepLstm(gates, h, c, H);
    else {
      if (!isFirst) {
        kernel.resetGru(gates, h, reset, H);
        kernel.multiplyInto(gates, reset, H, recurrent, columns, first, columns);
      }
      kernel.stepGru(gates, h, H);
    }
  }

  /** Puts the last layer's state where it will be scored. */
  #keep(slot: number): void {
    const vector = this.#vectors[slot];
    if (!vector) throw new RangeError(`there is no slot ${slot}`);
    const state = this.#pack.spec.normalised ? normalise(this.#state) : this.#state;
    this.#vectorScales[slot] = quantiseVector(state, vector);
  }

  /** Scores the first so many states that were kept. */
  #scoreKept(count: number, temperature: number): readonly KernelScores[] {
    const { spec, output, outputBias } = this.#pack;
    const { sums, vectors, vectorScales, logits, totals } = this.#places;
    this.#kernel.scoreRows(
      output.rows.byteOffset,
      sums,
      output.scales.byteOffset,
      outputBias.byteOffset,
      spec.vocabularySize,
      spec.hiddenUnits,
      vectors.at,
      vectors.bytes,
      vectorScales,
      count,
      logits.at,
      logits.bytes,
      1 / temperature,
      totals,
    );
    const scored = this.#scores.slice(0, count);
    for (const scores of scored) scores.temperature = temperature;
    return scored;
  }
}

/** Where the kernel puts what it finds. */
interface Found {
  /** float32 [V]. */
  readonly logits: Float32Array;
  /** uint32 [MOST_PLACES]. */
  readonly places: Uint32Array;
  /** The address of as many float32. */
  readonly values: number;
  /** float64 [2]: a sum of powers, as e^first × second. */
  readonly total: Float64Array;
}

class KernelScores implements Scores {
  /** At which the powers were summed. */
  temperature = 1;
  readonly logits: Float32Array;
  readonly #kernel: KernelExports;
  readonly #found: Found;

  constructor(kernel: KernelExports, found: Found) {
    this.#kernel = kernel;
    this.#found = found;
    this.logits = found.logits;
  }

  top(k: number): number[] {
    const count = this.logits.length - FIRST_TOKEN_ID;
    const found = Math.min(k, count);
    if (found > MOST_PLACES) {
      return largest(this.logits.subarray(FIRST_TOKEN_ID), found).map((token) => token + FIRST_TOKEN_ID);
    }
    const { places, values } = this.#found;
    const tokens = this.logits.byteOffset + FIRST_TOKEN_ID * FLOAT;
    this.#kernel.findTop(tokens, count, found, places.byteOffset, values);
    return Array.from(places.subarray(0, found), (place) => place + FIRST_TOKEN_ID);
  }

  logSumExp(temperature: number): number {
    const { logits, total } = this.#found;
    if (temperature !== this.temperature) {
      this.#kernel.sumPowers(logits.byteOffset, logits.length, 1 / temperature, total.byteOffset);
      this.temperature = temperature;
    }
    return (total[0] ?? 0) + Math.log(total[1] ?? 0);
  }
}

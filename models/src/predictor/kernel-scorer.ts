import type { Pack, PackCell } from '../pack/pack.ts';
import { GATES, inputRowWidth, type ModelSpec } from '../spec.ts';
import { FIRST_TOKEN_ID } from '../vocabulary.ts';
import { largest } from './ranking.ts';
import { normalise, quantiseVector, type Scorer, type Scores } from './scorer.ts';

/** What `kernel/kernel.ts` exports; nothing of its own lies in memory from `dataEnd` on. Addresses are in bytes, sizes in numbers. */
export interface KernelExports {
  dataEnd(): number;
  add(out: number, vector: number, other: number, count: number): void;
  widenRow(row: number, scale: number, width: number, to: number): void;
  multiplyInto(
    out: number,
    vector: number,
    count: number,
    matrix: number,
    columns: number,
    first: number,
    end: number,
  ): void;
  stepSimple(gates: number, h: number, H: number): void;
  resetGru(gates: number, h: number, reset: number, H: number): void;
  stepGru(gates: number, h: number, H: number): void;
  stepLstm(gates: number, h: number, c: number, H: number): void;
  preparedBytes(width: number): number;
  rowSumBytes(count: number): number;
  sumRows(rows: number, count: number, width: number, sums: number): void;
  scoreRows(
    rows: number,
    sums: number,
    scales: number,
    bias: number,
    count: number,
    width: number,
    vector: number,
    vectorScale: number,
    logits: number,
    inverse: number,
    total: number,
  ): void;
  sumPowers(logits: number, count: number, inverse: number, total: number): void;
  findTop(logits: number, count: number, k: number, places: number, values: number): void;
}

const FLOAT = 4;
const VECTOR = 16;
/** What the kernel reads of a row at a time. */
const BLOCK = 16;
/** Two float64: a sum of powers. */
const TOTAL_FLOATS = 4;
/** The most places that the kernel finds. */
const MOST_PLACES = 256;

/** Hands addresses out, one after another, each a multiple of 16 with room for a whole register. */
class Layout {
  constructor(public end: number) {}

  /** @param floats numbers of four bytes. */
  take(floats: number): number {
    const start = this.end;
    this.end += Math.ceil((floats * FLOAT) / VECTOR) * VECTOR + VECTOR;
    return start;
  }
}

/** Where everything is that is not in the pack. */
function layOut(spec: ModelSpec, start: number) {
  const { hiddenUnits: H, vocabularySize: V, layers } = spec;
  const layout = new Layout(Math.ceil(start / VECTOR) * VECTOR);
  // The kernel reads up to three rows and a block beyond a table's end.
  layout.take(Math.ceil((3 * Math.max(H, inputRowWidth(spec)) + BLOCK) / FLOAT));
  const states = Array.from({ length: layers }, () => ({ h: layout.take(H), c: layout.take(H) }));
  return {
    states,
    input: layout.take(inputRowWidth(spec)),
    gates: layout.take(GATES[spec.cell] * H),
    reset: layout.take(H),
    vector: layout.take(H + BLOCK),
    sums: layout.take(V),
    logits: layout.take(V),
    places: layout.take(MOST_PLACES),
    values: layout.take(MOST_PLACES),
    total: layout.take(TOTAL_FLOATS),
    end: layout.end,
  };
}

/** Bytes of memory that a scorer needs behind its pack. */
export function scratchBytes(spec: ModelSpec): number {
  return layOut(spec, 0).end + VECTOR;
}

/** The scorer in WebAssembly, over a pack that lies in its memory. */
export class KernelScorer implements Scorer {
  readonly #kernel: KernelExports;
  readonly #pack: Pack;
  readonly #places: ReturnType<typeof layOut>;
  readonly #state: Float32Array;
  readonly #vector: Int16Array;
  readonly #scores: KernelScores;

  /**
   * @param pack whose arrays are views of the kernel's memory, none beyond `end`.
   * @param end of the pack in that memory; `scratchBytes` follow it.
   */
  constructor(kernel: KernelExports, pack: Pack, end: number) {
    const { buffer } = pack.output.rows;
    const { hiddenUnits: H, vocabularySize: V, layers } = pack.spec;
    const places = layOut(pack.spec, end);
    const top = places.states[layers - 1]?.h ?? 0;
    this.#kernel = kernel;
    this.#pack = pack;
    this.#places = places;
    this.#state = new Float32Array(buffer, top, H);
    this.#vector = new Int16Array(buffer, places.vector, H);
    kernel.sumRows(pack.output.rows.byteOffset, V, H, places.sums);
    this.#scores = new KernelScores(kernel, {
      logits: new Float32Array(buffer, places.logits, V),
      places: new Uint32Array(buffer, places.places, MOST_PLACES),
      values: places.values,
      total: new Float64Array(buffer, places.total, 2),
    });
  }

  last(ids: readonly number[], temperature = 1): Scores {
    this.#begin();
    for (const [step, id] of ids.entries()) this.#read(id, step);
    return this.#score(temperature);
  }

  *each(ids: readonly number[]): Generator<Scores> {
    this.#begin();
    for (const [step, id] of ids.entries()) {
      this.#read(id, step);
      yield this.#score(1);
    }
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

  #score(temperature: number): Scores {
    const { spec, output, outputBias } = this.#pack;
    const { vocabularySize: V, hiddenUnits: H } = spec;
    const scale = quantiseVector(spec.normalised ? normalise(this.#state) : this.#state, this.#vector);
    this.#kernel.scoreRows(
      output.rows.byteOffset,
      this.#places.sums,
      output.scales.byteOffset,
      outputBias.byteOffset,
      V,
      H,
      this.#vector.byteOffset,
      scale,
      this.#places.logits,
      1 / temperature,
      this.#places.total,
    );
    this.#scores.temperature = temperature;
    return this.#scores;
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

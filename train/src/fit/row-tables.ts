import { PADDING_ID } from '@pathcast/models/vocabulary';
import type { RowUpdates } from './adagrad.ts';

/** Copies rows of a host table, float32 [rows, width], into one array, float32 [ids, width]. */
export function gatherRows(table: Float32Array, width: number, ids: Int32Array): Float32Array {
  const rows = new Float32Array(ids.length * width);
  for (let i = 0; i < ids.length; i++) {
    const from = (ids[i] ?? 0) * width;
    rows.set(table.subarray(from, from + width), i * width);
  }
  return rows;
}

/**
 * The gradient of some rows of a table, summed by row: a row looked up many times has one sum. Its memory is reused from
 * step to step; nothing in it grows with the table but four bytes a row.
 */
export class RowGradients {
  /** How many different rows have a gradient. */
  count = 0;
  readonly #width: number;
  readonly #slots: Int32Array;
  #ids = new Int32Array(1024);
  #sums: Float32Array;

  /** @param rows of the whole table. */
  constructor(rows: number, width: number) {
    this.#width = width;
    this.#slots = new Int32Array(rows).fill(-1);
    this.#sums = new Float32Array(this.#ids.length * width);
  }

  /** Adds gradients float32 [ids, width]; rows named twice are summed, and padding has none. */
  add(ids: Int32Array, gradients: Float32Array): void {
    const width = this.#width;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] ?? 0;
      if (id === PADDING_ID) continue;
      const from = i * width;
      let slot = this.#slots[id] ?? -1;
      if (slot < 0) {
        slot = this.#open(id);
        this.#sums.set(gradients.subarray(from, from + width), slot * width);
        continue;
      }
      const to = slot * width;
      const sums = this.#sums;
      for (let j = 0; j < width; j++) sums[to + j] = (sums[to + j] ?? 0) + (gradients[from + j] ?? 0);
    }
  }

  /** The rows and their sums, as views that hold until the next addition; forgets them. */
  drain(): RowUpdates {
    const ids = this.#ids.subarray(0, this.count);
    for (const id of ids) this.#slots[id] = -1;
    const gradients = this.#sums.subarray(0, this.count * this.#width);
    this.count = 0;
    return { ids, gradients };
  }

  #open(id: number): number {
    const slot = this.count++;
    if (slot === this.#ids.length) {
      const ids = new Int32Array(slot * 2);
      const sums = new Float32Array(slot * 2 * this.#width);
      ids.set(this.#ids);
      sums.set(this.#sums);
      this.#ids = ids;
      this.#sums = sums;
    }
    this.#ids[slot] = id;
    this.#slots[id] = slot;
    return slot;
  }
}

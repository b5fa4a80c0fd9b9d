import { type LastRows, lastRowsOf } from '@pathcast/models/pack/pack';
import { type Expected, fromR2, openRange, unavailable } from './objects.ts';

/** Beyond so many missing rows, waiting for all of them is sooner. */
const MOST_ROWS = 64;
/** A Worker has six connections, one of which the stream has. */
const ROWS_AT_ONCE = 4;

/** Where a pack comes from: the very object whose checksum was compared. */
export interface PackSource {
  readonly bucket: R2Bucket;
  readonly key: string;
  readonly expected: Expected;
  readonly etag: string;
}

/** A pack on its way from R2 into its place: it can be opened when its beginning is there, and its last rows follow. */
export class IncomingPack {
  readonly #source: PackSource;
  readonly #place: Uint8Array<ArrayBuffer>;
  /** How many of its bytes are there, from the first on. */
  #filled = 0;
  #lastRows: LastRows | null | undefined;
  #finishing: Promise<void> | undefined;
  /** Rows beyond those that were read by themselves, or are being read. */
  readonly #rows = new Map<number, Promise<void>>();

  constructor(source: PackSource, place: Uint8Array<ArrayBuffer>) {
    this.#source = source;
    this.#place = place;
  }

  get isWhole(): boolean {
    return this.#filled === this.#place.length;
  }

  /**
   * Reads what the pack cannot be opened without.
   * @param body the object's, from its first byte on.
   * @throws ProblemError `model-unavailable` when it is cut off.
   * @throws PackError when it is no pack.
   */
  begin(body: ReadableStream<Uint8Array>): Promise<void> {
    return this.#fill(body, () => this.#beginning());
  }

  /**
   * Reads on to the end, from where it was cut off if it was; once at a time.
   * @throws ProblemError `model-unavailable` when it is cut off.
   */
  finish(): Promise<void> {
    this.#finishing ??= this.#readRest().finally(() => {
      this.#finishing = undefined;
    });
    return this.#finishing;
  }

  /**
   * Reads those of some input rows that are not there yet.
   * @param ids 0 to V − 1.
   * @throws ProblemError `model-unavailable` when they cannot be read.
   */
  async rows(ids: Iterable<number>): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#hasRow(id));
    if (missing.length > MOST_ROWS) return this.finish();
    for (let i = 0; i < missing.length; i += ROWS_AT_ONCE) {
      await Promise.all(missing.slice(i, i + ROWS_AT_ONCE).map((id) => this.#row(id)));
    }
  }

  /** How many bytes the beginning has; infinite while the header does not say. */
  #beginning(): number {
    this.#lastRows ??= lastRowsOf(this.#place.subarray(0, this.#filled), this.#place.length);
    if (this.#lastRows === undefined) return Number.POSITIVE_INFINITY;
    return this.#lastRows?.start ?? this.#place.length;
  }

  /** Fills the place from a body on. A body belongs to the request that opened it, so none is kept for another. */
  async #fill(body: ReadableStream<Uint8Array>, goal: () => number): Promise<void> {
    const reader = body.getReader();
    while (this.#filled < goal()) {
      const { done, value } = await fromR2(this.#source.key, () => reader.read());
      const left = this.#place.length - this.#filled;
      if (done || value.length > left) throw this.#cutOff();
      this.#place.set(value, this.#filled);
      this.#filled += value.length;
    }
    if (!this.isWhole) await reader.cancel();
  }

  #hasRow(id: number): boolean {
    if (!this.#lastRows) return true;
    const { start, width } = this.#lastRows;
    return start + (id + 1) * width <= this.#filled;
  }

  #row(id: number): Promise<void> {
    const found = this.#rows.get(id);
    if (found) return found;
    const row = this.#readRow(id);
    this.#rows.set(id, row);
    row.catch(() => this.#rows.delete(id)); // another time it may be there
    return row;
  }

  async #readRow(id: number): Promise<void> {
    const { start = 0, width = 0 } = this.#lastRows ?? {};
    const offset = start + id * width;
    const bytes = new Uint8Array(await new Response(await this.#open(offset, width)).arrayBuffer());
    if (bytes.length !== width) throw this.#cutOff();
    this.#place.set(bytes, offset);
  }

  async #readRest(): Promise<void> {
    const { length } = this.#place;
    if (this.isWhole) return;
    await this.#fill(await this.#open(this.#filled, length - this.#filled), () => length);
  }

  #open(offset: number, length: number): Promise<ReadableStream<Uint8Array>> {
    const { bucket, key, expected, etag } = this.#source;
    return openRange(bucket, key, expected, etag, { offset, length });
  }

  #cutOff() {
    return unavailable(`${this.#source.expected.path} was cut off while it was read`);
  }
}

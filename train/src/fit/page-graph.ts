import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import type { Random } from '../random.ts';
import { sharedFloats } from './shared.ts';

/** Steps between two pages of a visit that still connect them; a connection over k steps weighs 1/k. */
const LAGS = 6;
/** How far vectors spread: to the neighbours of neighbours, and so on. */
const HOPS = 4;
/** What a page's own vector weighs against what it has from each hop: pages of the same neighbours stay apart. */
const OWN = 0.5;
/** Columns at a time: at a million pages, two buffers of 80 MB. */
const COLUMNS = 20;
/** Standard deviation of the rows' numbers. */
const DEVIATION = 0.1;

/**
 * Rows to begin with: random vectors, spread over the graph of the pages that visits go between. Pages that stand in for
 * each other in visits begin near each other, so that what is learnt of one holds for the other from the first step on.
 *
 * @param table.size V.
 * @param table.width numbers a row.
 * @returns float32 [V, width], in shared memory; rows of ids that no visit connects are random.
 * @see Chen et al. 2019, "Fast and Accurate Network Embeddings via Very Sparse Random Projection" (FastRP).
 */
export function spreadRows(
  sessions: TokenSessions,
  { size, width }: { size: number; width: number },
  random: Random,
): Float32Array {
  const rows = sharedFloats(size * width);
  const degrees = degreesOf(sessions, size);
  const buffers = [0, 1].map(() => new Float32Array(size * Math.min(COLUMNS, width)));
  for (let first = 0; first < width; first += COLUMNS) {
    const columns = Math.min(COLUMNS, width - first);
    let [from = NONE, to = NONE] = buffers.map((buffer) => buffer.subarray(0, size * columns));
    const sum = { rows, width, first };
    for (let i = 0; i < from.length; i++) from[i] = random.normal();
    scaleRows(from, columns, 1);
    addTo(sum, from, columns, OWN);
    for (let hop = 0; hop < HOPS; hop++) {
      to.fill(0);
      passOn(sessions, from, to, columns);
      centreRows(to, columns, degrees);
      scaleRows(to, columns, 1);
      addTo(sum, to, columns, 1);
      [from, to] = [to, from];
    }
    scaleColumns(sum, columns);
  }
  return rows;
}

const NONE = new Float32Array();

/** Some columns of a table, from `first` on. */
interface Columns {
  readonly rows: Float32Array;
  readonly width: number;
  readonly first: number;
}

/** Adds a share of narrow rows to some columns of the table. */
function addTo({ rows, width, first }: Columns, values: Float32Array, columns: number, share: number): void {
  for (let i = 0, at = first; i < values.length; at += width - columns) {
    for (let j = 0; j < columns; j++, i++, at++) rows[at] = (rows[at] ?? 0) + share * (values[i] ?? 0);
  }
}

/** Gives the rows of some columns the length that goes with their standard deviation. */
function scaleColumns({ rows, width, first }: Columns, columns: number): void {
  for (let start = first; start < rows.length; start += width) {
    scaleRows(rows.subarray(start, start + columns), columns, DEVIATION * Math.sqrt(columns));
  }
}

/** Visits each two pages of a visit that are near each other, with the weight of their connection. */
function eachConnection(
  sessions: TokenSessions,
  visit: (page: number, other: number, weight: number) => void,
): void {
  for (const session of sessions) {
    for (let i = 0; i < session.length; i++) {
      const page = session[i] ?? 0;
      for (let lag = 1; lag <= LAGS && i + lag < session.length; lag++) {
        const other = session[i + lag] ?? 0;
        if (page !== other && page >= FIRST_TOKEN_ID && other >= FIRST_TOKEN_ID) visit(page, other, 1 / lag);
      }
    }
  }
}

/** float64 [V]: the weight of each page's connections. */
function degreesOf(sessions: TokenSessions, size: number): Float64Array {
  const degrees = new Float64Array(size);
  eachConnection(sessions, (page, other, weight) => {
    degrees[page] = (degrees[page] ?? 0) + weight;
    degrees[other] = (degrees[other] ?? 0) + weight;
  });
  return degrees;
}

/** Adds to each page's row in `to` the rows in `from` of the pages near it in visits. */
function passOn(sessions: TokenSessions, from: Float32Array, to: Float32Array, columns: number): void {
  eachConnection(sessions, (page, other, weight) => {
    const a = page * columns;
    const b = other * columns;
    for (let j = 0; j < columns; j++) {
      to[a + j] = (to[a + j] ?? 0) + weight * (from[b + j] ?? 0);
      to[b + j] = (to[b + j] ?? 0) + weight * (from[a + j] ?? 0);
    }
  });
}

/**
 * Takes from each row what all have in common, in proportion to its connections: on a small site, where every page is near
 * every other, a few hops would leave nothing else.
 */
function centreRows(rows: Float32Array, columns: number, degrees: Float64Array): void {
  const total = degrees.reduce((sum, degree) => sum + degree, 0);
  if (total === 0) return; // no visit goes from one page to another
  const mean = new Float64Array(columns);
  for (let i = 0; i < rows.length; i++) mean[i % columns] = (mean[i % columns] ?? 0) + (rows[i] ?? 0) / total;
  for (let i = 0; i < rows.length; i++) {
    rows[i] = (rows[i] ?? 0) - (degrees[Math.floor(i / columns)] ?? 0) * (mean[i % columns] ?? 0);
  }
}

/** Gives rows one length; rows of zeros stay. */
function scaleRows(rows: Float32Array, columns: number, length: number): void {
  for (let start = 0; start < rows.length; start += columns) {
    let squares = 0;
    for (let j = start; j < start + columns; j++) squares += (rows[j] ?? 0) ** 2;
    const scale = squares > 0 ? length / Math.sqrt(squares) : 0;
    for (let j = start; j < start + columns; j++) rows[j] = (rows[j] ?? 0) * scale;
  }
}

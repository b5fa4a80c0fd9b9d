import type { PackCell } from '../pack/pack.ts';
import { type Cell, GATES } from '../spec.ts';

/** A cell's state between steps: h, and for LSTM also c. float32 [H]. */
export interface CellState {
  readonly h: Float32Array;
  readonly c: Float32Array;
}

/**
 * Advances a cell by one step, in place.
 * @param gates float32 [G·H]: input × kernel, without bias; overwritten.
 * @see tfjs layers' SimpleRNNCell, GRUCell (reset before) and LSTMCell, whose equations and gate order these are.
 */
export function stepCell(type: Cell, cell: PackCell, gates: Float32Array, state: CellState): void {
  addInto(gates, cell.bias);
  switch (type) {
    case 'simple':
      stepSimple(cell, gates, state);
      break;
    case 'gru':
      stepGru(cell, gates, state);
      break;
    case 'lstm':
      stepLstm(cell, gates, state);
      break;
  }
}

export function zeroState(hiddenUnits: number): CellState {
  return { h: new Float32Array(hiddenUnits), c: new Float32Array(hiddenUnits) };
}

/** The width of a cell's gates: G·H. */
export function gateWidth(type: Cell, hiddenUnits: number): number {
  return GATES[type] * hiddenUnits;
}

/** out += vector × matrix[:, from:to], for a row-major matrix [vector.length, columns]; out covers columns 0 to `to`. */
export function multiplyInto(
  out: Float32Array,
  vector: Float32Array,
  matrix: Float32Array,
  from = 0,
  to = out.length,
): void {
  const columns = matrix.length / vector.length;
  for (let i = 0; i < vector.length; i++) {
    const factor = vector[i] ?? 0;
    const start = i * columns;
    for (let j = from; j < to; j++) out[j] = (out[j] ?? 0) + factor * (matrix[start + j] ?? 0);
  }
}

function stepSimple(cell: PackCell, gates: Float32Array, { h }: CellState): void {
  multiplyInto(gates, h, cell.recurrentKernel);
  for (let i = 0; i < h.length; i++) h[i] = Math.tanh(gates[i] ?? 0);
}

function stepGru(cell: PackCell, gates: Float32Array, { h }: CellState): void {
  const H = h.length;
  multiplyInto(gates, h, cell.recurrentKernel, 0, 2 * H);
  const reset = new Float32Array(H);
  for (let i = 0; i < H; i++) reset[i] = sigmoid(gates[H + i] ?? 0) * (h[i] ?? 0);
  multiplyInto(gates, reset, cell.recurrentKernel, 2 * H, 3 * H);
  for (let i = 0; i < H; i++) {
    const z = sigmoid(gates[i] ?? 0);
    h[i] = z * (h[i] ?? 0) + (1 - z) * Math.tanh(gates[2 * H + i] ?? 0);
  }
}

function stepLstm(cell: PackCell, gates: Float32Array, { h, c }: CellState): void {
  const H = h.length;
  multiplyInto(gates, h, cell.recurrentKernel);
  for (let i = 0; i < H; i++) {
    const input = sigmoid(gates[i] ?? 0);
    const forget = sigmoid(gates[H + i] ?? 0);
    const carry = forget * (c[i] ?? 0) + input * Math.tanh(gates[2 * H + i] ?? 0);
    c[i] = carry;
    h[i] = sigmoid(gates[3 * H + i] ?? 0) * Math.tanh(carry);
  }
}

function addInto(out: Float32Array, values: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) + (values[i] ?? 0);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

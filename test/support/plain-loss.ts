import { GATES, type ModelSpec } from '@pathcast/models/spec';
import type { Batch } from '@pathcast/train/fit/batches';

/** All that a step's loss depends on, float64, laid out as `StepGradients` lays its gradients out. */
export interface PlainPoint {
  /** [T·B, row width]. */
  readonly inputs: Float64Array;
  /** [C, H], the candidates' rows as the table holds them. */
  readonly rows: Float64Array;
  /** [C], less logQ. */
  readonly bias: Float64Array;
  /** A cell after the other: kernel [input width, G·H] where there is one, recurrent kernel [H, G·H], bias [G·H]. */
  readonly cells: readonly Float64Array[];
}

/** The mean cross-entropy of a batch's scored steps in plain float64 loops, from the equations alone: an oracle. */
export function plainLoss(spec: ModelSpec, point: PlainPoint, batch: Batch, targets: Int32Array): number {
  const states = plainStates(spec, point, batch);
  const candidates = split(point.rows, spec.hiddenUnits).map((row) => (spec.normalised ? unit(row) : row));
  const losses = Array.from(batch.positions, (position, i) => {
    const state = states[position] ?? [];
    const vector = spec.normalised ? normalise(state) : state;
    const logits = candidates.map((row, c) => dot(vector, row) + (point.bias[c] ?? 0));
    const largest = Math.max(...logits);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
    return largest + Math.log(sum) - (logits[targets[i] ?? 0] ?? 0);
  });
  return losses.reduce((total, loss) => total + loss, 0) / losses.length;
}

/** The slope of a loss by each of some values, by central differences; the values are as before in the end. */
export function slopes(loss: () => number, values: Float64Array): number[] {
  const step = 1e-5;
  return Array.from(values, (value, i) => {
    values[i] = value + step;
    const above = loss();
    values[i] = value - step;
    const below = loss();
    values[i] = value;
    return (above - below) / (2 * step);
  });
}

/** The last layer's state at each of the T·B places, zero at padding. */
function plainStates(spec: ModelSpec, { inputs, cells }: PlainPoint, { ids, steps, batchSize: B }: Batch) {
  const columns = GATES[spec.cell] * spec.hiddenUnits;
  const weights = [...cells];
  let below = split(inputs, inputs.length / ids.length);
  for (let layer = 0; layer < spec.layers; layer++) {
    const kernel = layer === 0 && spec.input.type === 'one-hot' ? undefined : weights.shift();
    const [recurrent, bias] = [weights.shift() ?? new Float64Array(), weights.shift() ?? new Float64Array()];
    const states: number[][] = [];
    for (let t = 0; t < steps; t++) {
      for (let b = 0; b < B; b++) {
        const at = t * B + b;
        const isPadding = ids[at] === 0;
        const zeros = Array<number>(2 * spec.hiddenUnits).fill(0);
        const x = below[at] ?? [];
        const products = (kernel ? times(x, kernel, columns) : x).map((value, j) => value + (bias[j] ?? 0));
        const before = t === 0 ? zeros : (states[at - B] ?? zeros);
        states[at] = isPadding ? zeros : plainCell(spec.cell, products, before, recurrent);
      }
    }
    below = states.map((state) => state.slice(0, spec.hiddenUnits));
  }
  return below;
}

/**
 * One step of a cell.
 * @param x [G·H].
 * @param state h and then c, [2·H].
 */
function plainCell(cell: ModelSpec['cell'], x: number[], state: number[], recurrent: Float64Array): number[] {
  const H = state.length / 2;
  const h = state.slice(0, H);
  const c = state.slice(H);
  const at = (values: number[], gate: number, j: number) => values[gate * H + j] ?? 0;
  const byState = times(h, recurrent, x.length);
  const sum = (gate: number, j: number) => at(x, gate, j) + at(byState, gate, j);
  const units = Array.from({ length: H }, (_, j) => j);
  switch (cell) {
    case 'simple':
      return [...units.map((j) => Math.tanh(sum(0, j))), ...c];
    case 'gru': {
      const reset = h.map((value, j) => value * sigmoid(sum(1, j)));
      const byReset = times(reset, recurrent, x.length);
      const next = units.map((j) => {
        const z = sigmoid(sum(0, j));
        return z * (h[j] ?? 0) + (1 - z) * Math.tanh(at(x, 2, j) + at(byReset, 2, j));
      });
      return [...next, ...c];
    }
    case 'lstm': {
      const carry = units.map(
        (j) => sigmoid(sum(1, j)) * (c[j] ?? 0) + sigmoid(sum(0, j)) * Math.tanh(sum(2, j)),
      );
      return [...carry.map((value, j) => sigmoid(sum(3, j)) * Math.tanh(value)), ...carry];
    }
  }
}

/** Layer normalisation with gamma = 14/√H and beta = 0. */
function normalise(state: number[]): number[] {
  const mean = state.reduce((sum, value) => sum + value, 0) / state.length;
  const variance = state.reduce((sum, value) => sum + (value - mean) ** 2, 0) / state.length;
  return state.map((value) => ((value - mean) / Math.sqrt(variance + 1e-6)) * (14 / Math.sqrt(state.length)));
}

function unit(row: number[]): number[] {
  const length = Math.hypot(...row);
  return row.map((value) => value / length);
}

function split(values: Float64Array, width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, i) =>
    Array.from(values.subarray(i * width, (i + 1) * width)),
  );
}

/** A row by a matrix of so many columns. */
function times(row: number[], matrix: Float64Array, columns: number): number[] {
  const product = Array<number>(columns).fill(0);
  for (const [i, value] of row.entries()) {
    for (let j = 0; j < columns; j++) product[j] = (product[j] ?? 0) + value * (matrix[i * columns + j] ?? 0);
  }
  return product;
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

import { updateAdagrad } from '@pathcast/train/fit/adagrad';
import { gatherRows, RowGradients } from '@pathcast/train/fit/row-tables';
import { describe, expect, it } from 'vitest';

/** What a drain gives, in its order. */
function drained(gradients: RowGradients): [number, number[]][] {
  const { ids, gradients: sums } = gradients.drain();
  const width = sums.length / ids.length;
  return Array.from(ids, (id, row) => [id, [...sums.subarray(row * width, (row + 1) * width)]]);
}

describe('gatherRows', () => {
  it('copies rows in the order asked for, some of them twice', () => {
    const table = Float32Array.of(0, 1, 10, 11, 20, 21);
    const rows = gatherRows(table, 2, Int32Array.of(2, 0, 2));
    expect([...rows]).toEqual([20, 21, 0, 1, 20, 21]);
    rows.fill(7);
    expect([...table]).toEqual([0, 1, 10, 11, 20, 21]);
  });
});

describe('row gradients', () => {
  it('sum what is added for a row, within an addition and across', () => {
    const gradients = new RowGradients(5, 2);
    gradients.add(Int32Array.of(3, 1, 3), Float32Array.of(1, 2, 10, 20, 100, 200));
    gradients.add(Int32Array.of(1), Float32Array.of(0.5, 0.25));
    expect(gradients.count).toBe(2);
    expect(drained(gradients)).toEqual([
      [3, [101, 202]],
      [1, [10.5, 20.25]],
    ]);
  });

  it('are forgotten once drained', () => {
    const gradients = new RowGradients(5, 1);
    gradients.add(Int32Array.of(3, 1), Float32Array.of(1, 2));
    drained(gradients);
    expect(gradients.count).toBe(0);
    gradients.add(Int32Array.of(1), Float32Array.of(7));
    expect(drained(gradients)).toEqual([[1, [7]]]);
  });

  it('have none for padding, which is never learnt', () => {
    const gradients = new RowGradients(5, 1);
    gradients.add(Int32Array.of(0, 2, 0), Float32Array.of(1, 2, 3));
    expect(drained(gradients)).toEqual([[2, [2]]]);
  });

  it('hold as many rows as there are, however many that is', () => {
    const rows = 5000;
    const gradients = new RowGradients(rows + 1, 2);
    const ids = Int32Array.from({ length: rows }, (_, id) => rows - id);
    const values = Float32Array.from({ length: 2 * rows }, (_, i) => i);
    gradients.add(ids, values);
    gradients.add(ids, values);
    expect(drained(gradients)).toEqual(Array.from(ids, (id, i) => [id, [4 * i, 4 * i + 2]]));
  });
});

describe('updateAdagrad', () => {
  it('follows a case worked by hand, and touches nothing beside it', () => {
    const weights = Float32Array.of(9, 9, 1, 2, 9, 9, 3, 4);
    const accumulators = Float32Array.of(5, 5, 0, 16, 5, 5, 0, 0);
    const updates = { ids: Int32Array.of(3, 1), gradients: Float32Array.of(1, 0, 0.5, -3) };
    updateAdagrad({ weights, accumulators }, updates, { learningRate: 0.1, momentum: 0 });
    // Sums 0.25 and 25 in row 1: the steps are 0.1 · 0.5 / 0.5 and 0.1 · 3 / 5. Sums 1 and 0 in row 3.
    expect([...accumulators]).toEqual([5, 5, 0.25, 25, 5, 5, 1, 0]);
    expect([0, 1, 4, 5, 7].map((i) => weights[i])).toEqual([9, 9, 9, 9, 4]);
    expect(weights[2]).toBeCloseTo(0.9, 5);
    expect(weights[3]).toBeCloseTo(2.06, 5);
    expect(weights[6]).toBeCloseTo(2.9, 5);
  });

  it('carries a share of the last change on', () => {
    const weights = Float32Array.of(0);
    const slots = { weights, accumulators: Float32Array.of(0), velocities: Float32Array.of(0) };
    const rates = { learningRate: 1, momentum: 0.5 };
    const update = (g: number) =>
      updateAdagrad(slots, { ids: Int32Array.of(0), gradients: Float32Array.of(g) }, rates);
    update(3);
    expect(weights[0]).toBeCloseTo(-1, 5); // 3 / √9
    update(4);
    expect(weights[0]).toBeCloseTo(-2.3, 5); // −1 − 4 / √25 − 0.5 · 1
    update(0);
    expect(weights[0]).toBeCloseTo(-2.95, 5); // − 0.5 · 1.3
  });

  it('leaves a weight whose gradients are all 0', () => {
    const weights = Float32Array.of(0.25);
    const slots = { weights, accumulators: Float32Array.of(0), velocities: Float32Array.of(0) };
    const updates = { ids: Int32Array.of(0), gradients: Float32Array.of(0) };
    updateAdagrad(slots, updates, { learningRate: 1, momentum: 0.9 });
    expect(weights[0]).toBe(0.25);
  });

  it('does nothing where no row has a gradient', () => {
    const weights = Float32Array.of(0.25);
    const updates = { ids: new Int32Array(), gradients: new Float32Array() };
    updateAdagrad({ weights, accumulators: Float32Array.of(0) }, updates, { learningRate: 1, momentum: 0 });
    expect(weights[0]).toBe(0.25);
  });
});

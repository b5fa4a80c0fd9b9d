import { loadBackend } from '@pathcast/train/backends/backend';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await loadBackend('wasm');
});

/** Computes on the wasm backend and on tfjs's plain CPU backend. */
async function onBoth(compute: () => tf.Tensor): Promise<[Float32Array, Float32Array]> {
  const results: Float32Array[] = [];
  for (const backend of ['wasm', 'cpu']) {
    await tf.setBackend(backend);
    results.push(Float32Array.from(tf.tidy(compute).dataSync()));
  }
  await tf.setBackend('wasm');
  const [wasm = new Float32Array(), cpu = new Float32Array()] = results;
  return [wasm, cpu];
}

async function shapesOnBoth(compute: () => number[] | undefined) {
  const shapes: (number[] | undefined)[] = [];
  for (const backend of ['wasm', 'cpu']) {
    await tf.setBackend(backend);
    shapes.push(tf.tidy(() => ({ shape: compute() })).shape);
  }
  await tf.setBackend('wasm');
  return shapes;
}

function expectClose([wasm, cpu]: [Float32Array, Float32Array]): void {
  expect(wasm.length).toBe(cpu.length);
  for (const [i, value] of cpu.entries()) expect(wasm[i]).toBeCloseTo(value, 4);
}

const SHAPES = [
  { name: 'matrices', a: [5, 7], b: [7, 3] },
  { name: 'a row by a matrix', a: [1, 7], b: [7, 3] },
  { name: 'a matrix by a column', a: [5, 7], b: [7, 1] },
  { name: 'batches', a: [2, 5, 7], b: [2, 7, 3] },
];
const swapped = (shape: number[]) => [...shape.slice(0, -2), ...shape.slice(-2).reverse()];

describe('products on the wasm backend', () => {
  it.each(SHAPES)('equal the CPU backend’s for $name, transposed or not', async ({ a, b }) => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const left = tf.randomNormal(transposeA ? swapped(a) : a, 0, 1, 'float32', 1).arraySync();
        const right = tf.randomNormal(transposeB ? swapped(b) : b, 0, 1, 'float32', 2).arraySync();
        const product = () =>
          tf.matMul(tf.tensor(left as number[]), tf.tensor(right as number[]), transposeA, transposeB);
        expectClose(await onBoth(product));
      }
    }
  });

  it('of whole numbers are exact, below, at and beyond the sizes of tiles and blocks', () => {
    // Their products' sums are far below 2^24: float32 rounds none of them.
    const wholeNumbers = (shape: number[], seed: number) =>
      tf.floor(tf.randomUniform(shape, -8, 9, 'float32', seed));
    const near = (...sizes: number[]) =>
      fc.constantFrom(...sizes.flatMap((size) => [size - 1, size, size + 1]));
    const sizes = fc.record({ m: near(2, 4, 48, 96), k: near(2, 256, 512), n: near(2, 8, 16) });
    const wide = fc.record({ m: near(2, 4), k: near(2, 8), n: near(2048, 4096) });
    fc.assert(
      fc.property(fc.oneof(sizes, wide), fc.boolean(), fc.boolean(), ({ m, k, n }, isLeft, isRight) => {
        const a = wholeNumbers(isLeft ? [k, m] : [m, k], 1);
        const b = wholeNumbers(isRight ? [n, k] : [k, n], 2);
        const product = tf.matMul(a, b, isLeft, isRight);
        expect(product.shape).toEqual([m, n]);
        const [left, right, found] = [a.dataSync(), b.dataSync(), product.dataSync()];
        tf.dispose([a, b, product]);
        const at = (i: number, j: number) => {
          let sum = 0;
          for (let p = 0; p < k; p++) {
            const x = left[isLeft ? p * m + i : i * k + p] ?? Number.NaN;
            sum += x * (right[isRight ? j * k + p : p * n + j] ?? Number.NaN);
          }
          return sum;
        };
        // The corners and edges, and a path through the middle.
        for (let step = 0; step <= m + n; step++) {
          const [i, j] = [Math.floor((step / (m + n)) * (m - 1)), (step * 7) % n];
          expect(found[i * n + j]).toBe(at(i, j));
        }
        for (const [i, j] of [
          [0, 0],
          [m - 1, 0],
          [0, n - 1],
          [m - 1, n - 1],
        ] as const)
          expect(found[i * n + j]).toBe(at(i, j));
      }),
      { numRuns: 60 },
    );
  });

  it('leak nothing', () => {
    const a = tf.ones([4, 6]);
    const row = tf.ones([1, 4]);
    const before = tf.memory();
    tf.matMul(a, a, true, false).dispose();
    tf.matMul(row, a, false, false).dispose();
    tf.matMul(a, row, true, true).dispose();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect(a.dataSync().every((value) => value === 1)).toBe(true);
    expect(row.dataSync().every((value) => value === 1)).toBe(true);
  });
});

describe('the segment sum on the wasm backend', () => {
  it('adds rows up by segment and drops ids out of range', () => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]);
    const sums = tf.unsortedSegmentSum(x, tf.tensor1d([2, 0, 2, -1], 'int32'), 3);
    expect(sums.arraySync()).toEqual([
      [3, 4],
      [0, 0],
      [6, 8],
    ]);
  });

  it('differentiates a row look-up as the CPU backend does', async () => {
    const gradient = () =>
      tf.grad((table) => tf.sum(tf.square(tf.gather(table, tf.tensor1d([3, 0, 3, 1], 'int32')))))(
        tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]),
      );
    expectClose(await onBoth(gradient));
  });
});

describe('slices and splits on the wasm backend', () => {
  const numbers = (shape: number[]) =>
    tf.tensor(
      Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => i),
      shape,
    );

  it.each([
    { shape: [7], begin: [2], size: [3] },
    { shape: [5, 4], begin: [1, 0], size: [3, 4] },
    { shape: [5, 4], begin: [1, 2], size: [3, 2] },
    { shape: [5, 4], begin: [0, 3], size: [-1, 1] },
    { shape: [3, 4, 5], begin: [1, 1, 2], size: [2, 2, 3] },
    { shape: [3, 4, 5], begin: [0, 1, 0], size: [3, 2, 5] },
    { shape: [2, 3, 4, 5], begin: [1, 1, 1, 0], size: [1, 2, 2, 5] },
    { shape: [5, 4], begin: [5, 0], size: [0, 4] },
    { shape: [5, 4], begin: [0, 0], size: [5, 0] },
  ])('slice as the CPU backend does: $shape from $begin, $size', async ({ shape, begin, size }) => {
    expectClose(await onBoth(() => tf.slice(numbers(shape), begin, size)));
  });

  it.each([
    { shape: [6, 4], parts: 3, axis: 0 },
    { shape: [6, 4], parts: 2, axis: 1 },
    { shape: [6, 4], parts: [1, 3], axis: -1 },
    { shape: [2, 6, 3], parts: [2, -1], axis: 1 },
  ])('split as the CPU backend does: $shape into $parts along $axis', async ({ shape, parts, axis }) => {
    const pieces = tf.split(numbers(shape), parts, axis).length;
    for (let i = 0; i < pieces; i++) {
      expectClose(await onBoth(() => tf.split(numbers(shape), parts, axis)[i] ?? tf.scalar(Number.NaN)));
      const shapes = await shapesOnBoth(() => tf.split(numbers(shape), parts, axis)[i]?.shape);
      expect(shapes[0]).toEqual(shapes[1]);
    }
  });

  it('keep whole numbers whole, and their source as it was', () => {
    const ids = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2], 'int32');
    const slice = tf.slice(ids, [1, 1], [2, 1]);
    expect([slice.dtype, [...slice.dataSync()]]).toEqual(['int32', [4, 6]]);
    const [left, right] = tf.split(ids, 2, 1);
    expect([left?.dtype, [...(left?.dataSync() ?? [])]]).toEqual(['int32', [1, 3, 5]]);
    left?.dispose();
    slice.dispose();
    expect([...(right?.dataSync() ?? [])]).toEqual([2, 4, 6]);
    expect([...ids.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('leak nothing', () => {
    const x = numbers([6, 4]);
    const before = tf.memory();
    tf.slice(x, [1, 1], [2, 2]).dispose();
    tf.dispose(tf.split(x, 3, 0));
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  });
});

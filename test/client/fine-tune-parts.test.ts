import '@tensorflow/tfjs'; // registers the CPU backend and all gradients
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { behaviourOf } from '../../client/src/fine-tune/behaviour.ts';
import { add, subtract } from '../../client/src/fine-tune/delta.ts';
import { chooseHead } from '../../client/src/fine-tune/device.ts';
import { crossEntropyRows } from '../../client/src/fine-tune/loss.ts';
import { readWeights, type Weights } from '../../client/src/fine-tune/weights.ts';
import { randomModel, seededRandom } from '../support/models.ts';
import { headArtifacts } from './support.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('the loss', () => {
  it("is tfjs's softmax cross-entropy, and so is its gradient", () => {
    const random = seededRandom(3);
    const logits = tf.tensor2d(
      Array.from({ length: 12 }, () => random() * 20 - 10),
      [3, 4],
    );
    const targets = tf.tensor2d([0, 1, 0, 0, 0.25, 0.25, 0.5, 0, 0, 0, 0.1, 0.9], [3, 4]);
    const ours = tf.valueAndGrad((x) => tf.sum(crossEntropyRows(x as tf.Tensor2D, targets)))(logits);
    const theirs = tf.valueAndGrad((x) =>
      tf.sum(tf.losses.softmaxCrossEntropy(targets, x, undefined, 0, tf.Reduction.NONE)),
    )(logits);
    expect(ours.value.dataSync()[0]).toBeCloseTo(theirs.value.dataSync()[0] ?? Number.NaN, 4);
    const expected = theirs.grad.dataSync();
    for (const [at, value] of ours.grad.dataSync().entries()) expect(value).toBeCloseTo(expected[at] ?? 9, 5);
  });

  it('of a hopeless token among 10,000 is exact, where its probability would underflow', () => {
    const logits = tf.tensor2d(
      Float32Array.from({ length: 10_000 }, (_, id) => (id === 7 ? 300 : 0)),
      [1, 10_000],
    );
    const targets = tf.oneHot(tf.tensor1d([9], 'int32'), 10_000).toFloat();
    const [loss] = crossEntropyRows(logits, targets as tf.Tensor2D).dataSync();
    expect(loss).toBeCloseTo(300, 3);
  });
});

describe("a head's shards", () => {
  it.each([1, 2, 7])('are read as tfjs reads them, cut in %i', async (parts) => {
    const model = randomModel({
      cell: 'lstm',
      layers: 2,
      input: { type: 'embedding', units: 12 },
      output: 'dense',
    });
    const { weightSpecs = [], weightData } = await headArtifacts(model);
    const [whole = new ArrayBuffer()] = weightData as ArrayBuffer[]; // as `headArtifacts` makes them
    const size = Math.ceil(whole.byteLength / parts);
    const shards = Array.from({ length: parts }, (_, i) => whole.slice(i * size, (i + 1) * size));
    const read = readWeights(model.spec, weightSpecs as Parameters<typeof readWeights>[1], shards);
    const theirs = tf.io.decodeWeights(whole, weightSpecs);
    const named = (name: string) => theirs[name]?.dataSync();
    expect(read.inputRows).toEqual(named('embedding/embeddings'));
    expect(read.cells[1]?.recurrentKernel).toEqual(named('cell_1/recurrent_kernel'));
    expect(read.outputKernel).toEqual(named('logits/kernel'));
    expect(read.outputBias).toEqual(named('logits/bias'));
  });

  it('that are cut off or of another shape are refused', async () => {
    const model = randomModel();
    const { weightSpecs = [], weightData } = await headArtifacts(model);
    const [whole = new ArrayBuffer()] = weightData as ArrayBuffer[]; // as `headArtifacts` makes them
    const entries = weightSpecs as Parameters<typeof readWeights>[1];
    expect(() => readWeights(model.spec, entries, [whole.slice(0, -2)])).toThrow('logits/bias is cut off');
    const wider = { ...model.spec, vocabularySize: 43 };
    expect(() => readWeights(wider, entries, [whole])).toThrow(
      'embedding/embeddings has 672 values, not 688',
    );
  });
});

describe('a delta', () => {
  const { spec, weights } = randomModel({ output: 'dense' });
  const kernel = new Float32Array(16 * 42).fill(0.5);
  const base: Weights = { ...weights, cells: weights.cells, outputKernel: kernel };
  const inputRows = base.inputRows.slice();
  inputRows[5 * 16] = 9;
  const tuned: Weights = { ...base, inputRows, outputKernel: kernel.map((value, at) => value + at / 64) };

  it('holds the changed input rows alone, and gives the tuned weights back', () => {
    const delta = subtract(tuned, base, spec);
    expect([...delta.inputIds]).toEqual([5]);
    expect(delta.inputRows).toHaveLength(16);
    const again = add(base, delta, spec);
    expect(again.outputKernel).toEqual(tuned.outputKernel);
    expect(again.inputRows[5 * 16]).toBeCloseTo(9, 6);
    expect(again.cells).toEqual(tuned.cells.map((cell) => ({ ...cell })));
  });

  it('of another shape is refused', () => {
    const delta = subtract(tuned, base, spec);
    expect(() => add({ ...base, outputBias: new Float32Array(3) }, delta, spec)).toThrow('values meet');
    expect(() => add(base, { ...delta, inputIds: Int32Array.of(42) }, spec)).toThrow('inputIds');
  });
});

describe('the head', () => {
  const heads = [250, 1000, 4000].map((tokens) => ({ tokens, path: `heads/${tokens}` })) as [
    { tokens: number; path: string },
  ]; // three, and so at least one
  const device = { thread: 'worker', stepMs: 1, memoryGib: 8, batchSteps: 256 } as const;
  const chosen = (overrides: Partial<Parameters<typeof chooseHead>[2]>) =>
    chooseHead(heads, { hiddenUnits: 100 }, { ...device, ...overrides }).tokens;

  it('is the largest whose step the device takes in time', () => {
    expect(chosen({})).toBe(4000);
    expect(chosen({ stepMs: 20 })).toBe(1000);
    expect(chosen({ stepMs: 100 })).toBe(250);
    expect(chosen({ stepMs: 20, thread: 'page' })).toBe(250);
  });

  it('is the largest that its memory bears, and never none', () => {
    expect(chosen({ memoryGib: 2 })).toBe(1000);
    expect(chosen({ memoryGib: 0.25 })).toBe(250);
    expect(chosen({ memoryGib: undefined })).toBe(4000);
  });
});

describe("the base's behaviour", () => {
  it('is walks from its most visited pages, with distributions over its own tokens', () => {
    const { spec, weights } = randomModel();
    const outputKernel = new Float32Array(16 * 42);
    const [rehearsed, guarded] = behaviourOf(
      { spec, weights: { ...weights, outputKernel } },
      { baseSize: 42, count: 8, steps: 5 },
    );
    expect(rehearsed.map(({ ids }) => ids[0])).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(guarded.map(({ ids }) => ids[0])).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(rehearsed.map(({ ids }) => ids.join())).not.toEqual(guarded.map(({ ids }) => ids.join()));
    // No kernel: every state says what the bias says.
    const odds = weights.outputBias.slice(2).map(Math.exp);
    const sum = odds.reduce((total, value) => total + value, 0);
    for (const { ids, distributions } of rehearsed) {
      expect(ids).toHaveLength(5);
      for (const distribution of distributions) {
        expect(distribution[0]).toBe(0);
        expect(distribution[30]).toBeCloseTo((odds[28] ?? 0) / sum, 5);
      }
    }
  });
});

describe('answering from what is saved', () => {
  it('reaches no tfjs', async () => {
    const { outputFiles } = await build({
      entryPoints: [join(import.meta.dirname, '../../client/src/fine-tune/local.ts')],
      bundle: true,
      write: false,
      format: 'esm',
      external: ['@tensorflow/*'],
    });
    expect(outputFiles[0]?.text).toContain('pathcast-delta/1');
    expect(outputFiles[0]?.text).not.toContain('@tensorflow/');
  });
});

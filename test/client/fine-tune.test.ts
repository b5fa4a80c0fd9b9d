import '@tensorflow/tfjs'; // registers the CPU backend and all gradients
import { CELLS, type ModelSpec } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createFitter } from '../../client/src/fine-tune/fit.ts';
import { createTrainableGraph, type TrainableGraph } from '../../client/src/fine-tune/graph.ts';
import { growVocabulary, type Lesson, planLesson } from '../../client/src/fine-tune/lesson.ts';
import { createFineTuned, type Tuned } from '../../client/src/fine-tune/predictor.ts';
import { growWeights, readWeights, type Weights } from '../../client/src/fine-tune/weights.ts';
import { layersProbabilities } from '../support/layers.ts';
import { randomModel } from '../support/models.ts';
import { headArtifacts, LABELLER } from './support.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const WORD = [{ inputs: [...'pathcas'], targets: [...'athcast'] }];
const VISITS = [{ inputs: ['/p2', '/mine', '/p5'], targets: ['/mine', '/p5', '/yours'] }];
const FIT = { steps: 200, learningRate: 0.03, targetLoss: 0.02 };

/** A random model's head, read from its exported shards and grown by what the sequences add, with the lesson of them. */
async function lessonOf(overrides: Partial<ModelSpec>, sequences: typeof WORD, batchSize = 24) {
  const model = randomModel(overrides);
  const { weightSpecs, weightData } = await headArtifacts(model);
  const shards = weightData as ArrayBuffer[]; // as `headArtifacts` makes them
  const entries = weightSpecs as Parameters<typeof readWeights>[1];
  const weights = readWeights(model.spec, entries, shards);
  const vocabulary = growVocabulary(model.vocabulary, sequences);
  const spec = { ...model.spec, vocabularySize: vocabulary.size };
  const grown = growWeights(weights, model.spec, vocabulary.size - model.vocabulary.size);
  const options = { baseSize: model.vocabulary.size, maxSteps: model.spec.steps, batchSize };
  return { model, lesson: planLesson({ spec, weights: grown }, vocabulary, sequences, options) };
}

function predictorOf({ base, vocabulary }: Lesson, weights: Weights) {
  const tuned: Tuned = {
    model: 'm',
    version: '20260101000000',
    vocabularyDigest: '0'.repeat(64),
    spec: base.spec,
    tokens: vocabulary.tokens,
    weights,
  };
  return createFineTuned(tuned);
}

async function tune(overrides: Partial<ModelSpec>, sequences: typeof WORD, options = FIT) {
  const { lesson } = await lessonOf({ ...overrides, steps: 100 }, sequences);
  const graph = createTrainableGraph(lesson.base, lesson.inputIds);
  const fitter = createFitter(graph, options.learningRate);
  const losses: number[] = [];
  const [batch] = lesson.batches;
  while (batch && losses.length < options.steps && !((losses.at(-1) ?? 9) <= options.targetLoss)) {
    losses.push(await fitter.step(batch));
  }
  const weights = await graph.weights();
  fitter.dispose();
  graph.dispose();
  return { lesson, losses, weights, predictor: predictorOf(lesson, weights) };
}

describe.each(CELLS)('a fine-tuned %s cell', (cell) => {
  it('gives back a word with letters that the base never saw', async () => {
    const { losses, predictor } = await tune({ ...LABELLER, cell }, WORD);
    expect(predictor.label({ text: 'pathcas' }).text).toBe('athcast');
    expect(losses.at(-1)).toBeLessThan(0.02);
    expect(losses.length).toBeLessThan(200);
  });

  it('names pages outside the head after the pages that they followed', async () => {
    const { predictor } = await tune({ cell }, VISITS, { ...FIT, learningRate: 0.01, targetLoss: 0.05 });
    expect(predictor.next({ history: ['/p2'], top: 1 }).next[0]?.page).toBe('/mine');
    expect(predictor.next({ history: ['/p2', '/mine', '/p5'], top: 1 }).next[0]?.page).toBe('/yours');
  });
});

const SHAPES: [string, Partial<ModelSpec>][] = [
  ['tied and normalised', {}],
  ['two layers', { layers: 2, cell: 'lstm', output: 'dense' }],
  ['one-hot', { input: { type: 'one-hot' }, output: 'dense', normalised: false }],
];

describe.each(SHAPES)('what computes without tfjs, %s', (_, overrides) => {
  it('gives the probabilities of the exported layers model, before a step and with the rows of a lesson', async () => {
    const { model, lesson } = await lessonOf(overrides, [{ inputs: ['/p2'], targets: ['/p3'] }]);
    const exported = await loadLayersModel(tf.io.fromMemory(await headArtifacts(model)));
    const [expected = []] = layersProbabilities(exported, [[2, 7, 1, 5]]);
    exported.dispose();

    const graph = createTrainableGraph(lesson.base, lesson.inputIds);
    const read = await graph.weights();
    graph.dispose();
    expect(read).toEqual(lesson.base.weights);
    const { next } = predictorOf(lesson, read).next({
      history: ['/p2', '/p7', '/unheard-of', '/p5'],
      top: 40,
    });
    expect(next).toHaveLength(40);
    for (const { page, probability } of next) {
      expect(probability).toBeCloseTo(expected[model.vocabulary.encode(page)] ?? -1, 5);
    }
  });
});

describe('new rows', () => {
  it('start from the unknown token, with a finite bias and the other rows untouched', async () => {
    const { model, lesson } = await lessonOf({}, [{ inputs: ['/mine'], targets: ['/yours'] }]);
    const { vocabularySize: V, hiddenUnits: H } = model.spec;
    const { inputRows, outputKernel, outputBias } = lesson.base.weights;
    const row = (id: number) => [...inputRows.subarray(id * H, (id + 1) * H)];
    const column = (id: number) => Array.from({ length: H }, (_, i) => outputKernel[i * (V + 2) + id]);
    expect(inputRows[40]).toBeCloseTo(model.weights.inputRows[40] ?? 0, 3);
    expect(row(V)).toEqual(row(1));
    expect(row(V + 1)).toEqual(row(1));
    expect(column(V)).toEqual(column(1));
    expect(outputBias[1]).toBeCloseTo(-1e4, -1);
    expect(Math.abs(outputBias[V] ?? Number.NaN)).toBeLessThan(0.2);
  });
});

describe('fitting', () => {
  it('learns from a visit of two pages, a single step', async () => {
    const { predictor } = await tune({}, [{ inputs: ['/mine'], targets: ['/p9'] }]);
    expect(predictor.next({ history: ['/mine'], top: 1 }).next[0]?.page).toBe('/p9');
  });

  it('leaves the identity kernel of a one-hot model as it is, and rows that no sequence names', async () => {
    const { lesson, weights } = await tune(LABELLER, WORD, { ...FIT, steps: 3 });
    const graph = createTrainableGraph(lesson.base, lesson.inputIds);
    const names = graph.variables.map(({ name }) => name.replace(/_\d+$/, ''));
    graph.dispose();
    expect(names.filter((name) => /cell_0\/kernel/.test(name))).toEqual([]);
    expect(names).toHaveLength(5);
    const width = weights.inputRows.length / lesson.base.spec.vocabularySize;
    const unknown = (rows: Float32Array) => rows.slice(width, 2 * width);
    expect(unknown(weights.inputRows)).toEqual(unknown(lesson.base.weights.inputRows));
    expect(weights.inputRows).not.toEqual(lesson.base.weights.inputRows);
  });

  it("is Adam's step with an epsilon of 1e-7, also where a backend is taken for one of 16 bits", async () => {
    vi.spyOn(tf.backend(), 'floatPrecision').mockReturnValue(16);
    onTestFinished(() => void vi.restoreAllMocks());
    expect(tf.backend().epsilon()).toBe(1e-4); // what tfjs would take
    const bias = tf.variable(tf.zeros([4]), true, 'bias');
    const graph = {
      logits: (rows: tf.Tensor2D) => tf.broadcastTo(bias, [...rows.shape, 4]) as tf.Tensor3D, // [1, 1, 4]
      variables: [bias],
    } as unknown as TrainableGraph; // a fitter takes no more of it
    const fitter = createFitter(graph, 0.1);
    const rows = new Int32Array(1);
    const weights = Float32Array.of(1e-6); // and so gradients of that size
    await fitter.step({ rows, shape: [1, 1], weights, ownSteps: 1, targets: [2] });
    // By hand: a softmax of 1/4 each less the target, by the weight; of the first step Adam's moments are g and g².
    const step = (g: number) => (-0.1 * g) / (Math.abs(g) + 1e-7);
    const expected = [0.25e-6, 0.25e-6, -0.75e-6, 0.25e-6].map(step); // −0.071 and 0.088; −0.0002 and 0.0007 by 1e-4
    for (const [at, value] of bias.dataSync().entries()) expect(value).toBeCloseTo(expected[at] ?? 9, 4);
    fitter.dispose();
    bias.dispose();
  });

  it('leaks no tensor', async () => {
    const { lesson } = await lessonOf(LABELLER, WORD);
    const before = tf.memory().numTensors;
    const graph = createTrainableGraph(lesson.base, lesson.inputIds);
    const fitter = createFitter(graph, 0.01);
    const counts = new Set<number>();
    for (const batch of Array(5).fill(lesson.batches[0])) {
      await fitter.step(batch);
      counts.add(tf.memory().numTensors);
    }
    expect(counts.size).toBe(1);
    fitter.dispose();
    graph.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a lesson', () => {
  it('scores each page of a long visit once, in windows of one shape, beside what is rehearsed', async () => {
    const inputs = Array.from({ length: 20 }, (_, i) => `/p${i + 2}`);
    const targets = inputs.map((_, i) => `/p${i + 3}`);
    const { lesson } = await lessonOf({}, [{ inputs, targets }], 2);
    expect(lesson.batches.map(({ shape, ownSteps }) => [...shape, ownSteps])).toEqual([
      [10, 8, 16],
      [10, 8, 16],
    ]);
    const own = lesson.batches.map(({ targets, ownSteps }) => targets.slice(0, ownSteps).filter(Boolean));
    expect(own.flat()).toEqual(Array.from({ length: 20 }, (_, i) => i + 3));
    for (const { weights, ownSteps } of lesson.batches) {
      const sum = (part: Float32Array) => part.reduce((total, weight) => total + weight, 0);
      expect(sum(weights.subarray(0, ownSteps))).toBeCloseTo(1, 5);
      expect(sum(weights.subarray(ownSteps))).toBeCloseTo(1, 5);
    }
  });

  it('holds the newest fifth out from five sequences on, and judges by all of fewer', async () => {
    const visit = (page: number) => ({ inputs: [`/p${page}`], targets: ['/p2'] });
    const ten = await lessonOf(
      {},
      Array.from({ length: 10 }, (_, i) => visit(i + 3)),
    );
    expect(ten.lesson.judged.map(({ ids }) => ids)).toEqual([[11], [12]]);
    expect(ten.lesson.isHeldOut).toBe(true);
    const four = await lessonOf({}, [3, 4, 5, 6].map(visit));
    expect(four.lesson.judged).toHaveLength(4);
    expect(four.lesson.isHeldOut).toBe(false);
  });
});

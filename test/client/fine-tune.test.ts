import '@tensorflow/tfjs'; // registers the CPU backend and all gradients
import { CELLS, type ModelSpec } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { createBatches, growVocabulary } from '../../client/src/fine-tune/batches.ts';
import { fitGraph } from '../../client/src/fine-tune/fit.ts';
import { createTrainableGraph } from '../../client/src/fine-tune/graph.ts';
import { createFineTuned } from '../../client/src/fine-tune/predictor.ts';
import { layersProbabilities } from '../support/layers.ts';
import { randomModel } from '../support/models.ts';
import { headArtifacts, LABELLER } from './support.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const WORD = [{ inputs: [...'pathcas'], targets: [...'athcast'] }];
const VISITS = [{ inputs: ['/p2', '/mine', '/p5'], targets: ['/mine', '/p5', '/yours'] }];
const FIT = { steps: 200, learningRate: 0.03, targetLoss: 0.02 };

async function tune(overrides: Partial<ModelSpec>, sequences: typeof WORD, options = FIT) {
  const model = randomModel(overrides);
  const vocabulary = growVocabulary(model.vocabulary, sequences);
  const graph = await createTrainableGraph(await headArtifacts(model), model.spec, vocabulary.size);
  const losses: number[] = [];
  for await (const loss of fitGraph(graph, createBatches(sequences, vocabulary, 100), options))
    losses.push(loss);
  const weights = await graph.weights();
  graph.dispose();
  const tuned = {
    format: 'pathcast-fine-tuned/1' as const,
    endpoint: '',
    model: 'm',
    version: '20260101000000',
    vocabularyDigest: '0'.repeat(64),
    spec: { ...model.spec, vocabularySize: vocabulary.size },
    tokens: [...vocabulary.tokens],
    weights,
  };
  return { model, losses, tuned, predictor: createFineTuned(tuned) };
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

describe.each(SHAPES)('the predictor without tfjs, %s', (_, overrides) => {
  it('gives the probabilities of the exported layers model', async () => {
    const model = randomModel(overrides);
    const artifacts = await headArtifacts(model);
    const exported = await loadLayersModel(tf.io.fromMemory(artifacts));
    const [expected = []] = layersProbabilities(exported, [[2, 7, 1, 5]]);
    exported.dispose();

    const graph = await createTrainableGraph(artifacts, model.spec, model.spec.vocabularySize);
    const weights = await graph.weights();
    graph.dispose();
    const predictor = createFineTuned({
      format: 'pathcast-fine-tuned/1',
      endpoint: '',
      model: 'm',
      version: '1',
      vocabularyDigest: '',
      spec: model.spec,
      tokens: [...model.vocabulary.tokens],
      weights,
    });
    const { next } = predictor.next({ history: ['/p2', '/p7', '/unheard-of', '/p5'], top: 40 });
    expect(next).toHaveLength(40);
    for (const { page, probability } of next) {
      expect(probability).toBeCloseTo(expected[model.vocabulary.encode(page)] ?? -1, 5);
    }
  });
});

describe('new rows', () => {
  it('start from the unknown token, with a finite bias and the other rows untouched', async () => {
    const model = randomModel();
    const { vocabularySize: V, hiddenUnits: H } = model.spec;
    const graph = await createTrainableGraph(await headArtifacts(model), model.spec, V + 2);
    const { inputRows, outputKernel, outputBias } = await graph.weights();
    graph.dispose();
    const row = (id: number) => [...inputRows.subarray(id * H, (id + 1) * H)];
    const column = (id: number) => Array.from({ length: H }, (_, i) => outputKernel[i * (V + 2) + id]);
    expect(inputRows.slice(0, V * H)).toEqual(
      expect.objectContaining({ length: V * H, 40: expect.closeTo(model.weights.inputRows[40] ?? 0, 3) }),
    );
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

  it('leaves the identity kernel of a one-hot model as it is', async () => {
    const model = randomModel(LABELLER);
    const graph = await createTrainableGraph(await headArtifacts(model), model.spec, 7);
    const names = graph.variables.map(({ name }) => name.replace(/_\d+$/, ''));
    expect(names.filter((name) => /cell_0\/kernel/.test(name))).toEqual([]);
    expect(names).toHaveLength(5);
    graph.dispose();
  });

  it('leaks no tensor, whether it ends, is left early or is aborted', async () => {
    const model = randomModel(LABELLER);
    const artifacts = await headArtifacts(model);
    const before = tf.memory().numTensors;
    const vocabulary = growVocabulary(model.vocabulary, WORD);
    const batches = createBatches(WORD, vocabulary, 100);
    const graph = await createTrainableGraph(artifacts, model.spec, vocabulary.size);
    const idle = tf.memory().numTensors;

    const counts = new Set<number>();
    for await (const _ of fitGraph(graph, batches, { ...FIT, steps: 5 })) counts.add(tf.memory().numTensors);
    expect(counts.size).toBe(1);
    for await (const _ of fitGraph(graph, batches, FIT)) break;
    expect(tf.memory().numTensors).toBe(idle);
    const abort = new AbortController();
    const aborted = async () => {
      for await (const _ of fitGraph(graph, batches, { ...FIT, signal: abort.signal }))
        abort.abort(new Error('enough'));
    };
    await expect(aborted()).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(idle);
    graph.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('scores each page of a long visit once, in windows of one shape', () => {
    const vocabulary = randomModel().vocabulary;
    const inputs = Array.from({ length: 20 }, (_, i) => `/p${i + 2}`);
    const targets = inputs.map((_, i) => `/p${i + 3}`);
    const short = { inputs: ['/p2'], targets: ['/p3'] };
    const batches = createBatches([{ inputs, targets }, ...Array(40).fill(short)], vocabulary, 8);
    expect(batches.map(({ shape }) => shape)).toEqual([
      [32, 8],
      [32, 8],
    ]);
    const scored = batches.flatMap(({ weights }) => [...weights]).reduce((sum, weight) => sum + weight, 0);
    expect(scored).toBe(60);
    expect([...(batches[0]?.ids.slice(0, 8) ?? [])]).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...(batches[0]?.ids.slice(16, 24) ?? [])]).toEqual([0, 0, 0, 0, 18, 19, 20, 21]);
  });
});

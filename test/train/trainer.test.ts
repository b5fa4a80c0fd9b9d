import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import type { ModelWeights } from '@pathcast/models/weights';
import { loadBackend } from '@pathcast/train/backends/backend';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { type Batch, lastStepWindows, trainingWindows } from '@pathcast/train/fit/batches';
import {
  allCandidates,
  type Candidates,
  type DrawCandidates,
  sampledCandidates,
} from '@pathcast/train/fit/candidates';
import { createState } from '@pathcast/train/fit/state';
import { type StepGradients, type StepSettings, Trainer } from '@pathcast/train/fit/trainer';
import { createRandom } from '@pathcast/train/random';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportLayers, layersProbabilities } from '../support/layers.ts';
import { randomModel, SPECS } from '../support/models.ts';
import { type PlainPoint, plainLoss, slopes } from '../support/plain-loss.ts';

beforeAll(async () => {
  await loadBackend('wasm');
});

/** Padded, with a page twice in a session, and unknown pages among the inputs and where a target would be. */
const SESSIONS = TokenSessions.of([
  [5, 2, 7, 7, 3],
  [8, 4],
  [6, 1, 3, 5],
]);
const SUPPORT = Uint32Array.of(9, 7, 5, 5, 3, 2, 1);
const PLAIN: StepSettings = { rowDropout: 0, stateDropout: 0, unknownRate: 0, momentum: 0 };

/** Every cell, table and depth, at 4 units and 7 pages: small enough to move each weight by itself. */
const SMALL = SPECS.map(({ title, spec }) => ({
  title,
  spec: { ...spec, hiddenUnits: 4, vocabularySize: 9, input: smallInput(spec) },
}));

function smallInput({ input, output }: Partial<ModelSpec>): ModelSpec['input'] {
  if (input?.type === 'one-hot') return input;
  return { type: 'embedding', units: output === 'tied' ? 4 : 3 };
}

const wholeBatch = () => trainingWindows(SESSIONS, 8).whole();

function trainerOf(
  { spec, weights }: { spec: ModelSpec; weights: ModelWeights },
  draw: DrawCandidates,
  settings: Partial<StepSettings> = {},
) {
  const all = { ...PLAIN, ...settings };
  const state = createState(spec, weights, all);
  return { trainer: new Trainer(spec, state, draw, all), state };
}

/** The candidates of a batch: all, or some with their correction. */
const DRAWS: Record<string, DrawCandidates> = {
  'all pages': allCandidates(9),
  'sampled pages': sampledCandidates({ support: SUPPORT, negatives: 3, alpha: 0.5 }),
};

/** Where the loss stands, from the host's tables. */
function pointOf(
  { spec, weights }: { spec: ModelSpec; weights: ModelWeights },
  batch: Batch,
  { ids, logQ }: Candidates,
): PlainPoint {
  const gather = (table: Float32Array, width: number, rows: Int32Array) =>
    Float64Array.from([...rows].flatMap((id) => [...table.subarray(id * width, (id + 1) * width)]));
  return {
    inputs: gather(weights.inputRows, inputRowWidth(spec), batch.ids),
    rows: gather(weights.outputRows ?? weights.inputRows, spec.hiddenUnits, ids),
    bias: Float64Array.from(ids, (id, i) => (weights.outputBias[id] ?? 0) - (logQ[i] ?? 0)),
    cells: weights.cells.flatMap(({ kernel, recurrentKernel, bias }) =>
      [kernel, recurrentKernel, bias]
        .filter((part) => part !== undefined)
        .map((part) => Float64Array.from(part)),
    ),
  };
}

/** Not `structuredClone`, which goes on sharing what workers share. */
function copyOf({ inputRows, cells, outputRows, outputBias }: ModelWeights): ModelWeights {
  return {
    inputRows: Float32Array.from(inputRows),
    cells: cells.map(({ kernel, recurrentKernel, bias }) => ({
      ...(kernel ? { kernel: Float32Array.from(kernel) } : {}),
      recurrentKernel: Float32Array.from(recurrentKernel),
      bias: Float32Array.from(bias),
    })),
    ...(outputRows ? { outputRows: Float32Array.from(outputRows) } : {}),
    outputBias: Float32Array.from(outputBias),
  };
}

function expectSlopes(gradient: Float32Array | undefined, expected: readonly number[], what: string) {
  expect(gradient, what).toHaveLength(expected.length);
  for (const [i, slope] of expected.entries()) {
    const found = gradient?.[i] ?? Number.NaN;
    expect(Math.abs(found - slope), `${what}[${i}]: ${found}, not ${slope}`).toBeLessThan(
      2e-5 + 2e-5 * Math.abs(slope),
    );
  }
}

describe('the gradients of a step', () => {
  const cases = SMALL.flatMap((given) => Object.keys(DRAWS).map((against) => ({ ...given, against })));

  it.each(cases)('are the slopes of a loss in plain loops: $title, against $against', async (given) => {
    const model = randomModel(given.spec);
    const batch = wholeBatch();
    const draw = DRAWS[given.against] ?? allCandidates(9);
    const candidates = draw(batch.targets, createRandom(7));
    const found = await trainerOf(model, draw).trainer.gradients(batch, candidates);
    const point = pointOf(model, batch, candidates);
    const loss = () => plainLoss(model.spec, point, batch, candidates.targets);
    expect(found.loss).toBeCloseTo(loss(), 4);
    expectSlopes(found.inputs, slopes(loss, point.inputs), 'inputs');
    expectSlopes(found.rows, slopes(loss, point.rows), 'rows');
    expectSlopes(found.bias, slopes(loss, point.bias), 'bias');
    expect(found.cells).toHaveLength(point.cells.length);
    for (const [i, part] of point.cells.entries()) {
      expectSlopes(found.cells[i], slopes(loss, part), `cells[${i}]`);
    }
  });

  it('leave no tensor behind', async () => {
    const { trainer } = trainerOf(randomModel(SMALL[0]?.spec), allCandidates(9), { rowDropout: 0.5 });
    const before = tf.memory().numTensors;
    await trainer.step(wholeBatch(), 0.1, createRandom(1));
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the loss against all pages', () => {
  it.each(SPECS)('is the cross-entropy of the exported layers: $title', async ({ spec }) => {
    const model = randomModel(spec);
    const batch = lastStepWindows(SESSIONS).whole();
    const layers = await exportLayers(model);
    const padded = [
      [5, 2, 7, 7],
      [0, 0, 0, 8],
      [0, 6, 1, 3],
    ];
    const probabilities = layersProbabilities(layers, padded);
    layers.dispose();
    const losses = [3, 4, 5].map((target, row) => -Math.log(probabilities[row]?.[target] ?? 0));
    const draw = allCandidates(model.spec.vocabularySize);
    const candidates = draw(batch.targets, createRandom(1));
    const { loss } = await trainerOf(model, draw).trainer.gradients(batch, candidates);
    expect(loss).toBeCloseTo(losses.reduce((sum, each) => sum + each, 0) / 3, 4);
  });

  it('is that of sampled pages that happen to be all, in any order, uncorrected', async () => {
    const model = randomModel({ vocabularySize: 9 });
    const batch = wholeBatch();
    const { trainer } = trainerOf(model, allCandidates(9));
    const all = await trainer.gradients(batch, allCandidates(9)(batch.targets, createRandom(1)));
    const ids = Int32Array.of(8, 3, 5, 2, 7, 4, 6);
    const targets = batch.targets.map((id) => ids.indexOf(id));
    const some = await trainer.gradients(batch, { ids, logQ: new Float32Array(7), targets });
    expect(some.loss).toBeCloseTo(all.loss, 5);
    for (const [i, id] of ids.entries()) expect(some.bias[i]).toBeCloseTo(all.bias[id - 2] ?? 0, 5);
    for (const [i, value] of some.inputs.entries()) expect(value).toBeCloseTo(all.inputs[i] ?? 0, 5);
  });
});

describe('the loss against sampled pages', () => {
  /** Its mean, and that of its gradient by the inputs, over 100 draws. */
  async function meanOf(negatives: number) {
    const model = randomModel();
    const support = Uint32Array.from({ length: 40 }, (_, i) => 200 - 4 * i);
    const draw = sampledCandidates({ support, negatives, alpha: 0.5 });
    const batch = wholeBatch();
    const { trainer } = trainerOf(model, draw);
    const random = createRandom(11);
    const draws = 100;
    let loss = 0;
    let inputs: number[] = [];
    for (let i = 0; i < draws; i++) {
      const found = await trainer.gradients(batch, draw(batch.targets, random));
      loss += found.loss / draws;
      inputs = Array.from(found.inputs, (value, at) => (inputs[at] ?? 0) + value / draws);
    }
    const full = await trainer.gradients(batch, allCandidates(42)(batch.targets, random));
    const distance = Math.hypot(...inputs.map((value, at) => value - (full.inputs[at] ?? 0)));
    return { lossError: Math.abs(loss - full.loss), gradientError: distance / Math.hypot(...full.inputs) };
  }

  it('tends to the full one as they grow in number, and its gradient too', async () => {
    const [few, some, many] = [await meanOf(8), await meanOf(64), await meanOf(4096)];
    expect(some.lossError).toBeLessThan(few.lossError / 2);
    expect(some.gradientError).toBeLessThan(few.gradientError);
    expect(some.gradientError).toBeLessThan(0.1);
    expect(many.lossError).toBeLessThan(1e-4);
    expect(many.gradientError).toBeLessThan(1e-4);
  });
});

describe('a step', () => {
  /** Pages 2 to 8 at first, of which some are candidates; 5 and 7 are inputs alone, 6 and 8 neither. */
  const CANDIDATES: Candidates = {
    ids: Int32Array.of(3, 2, 4),
    logQ: Float32Array.of(-0.1, -0.5, -0.7),
    targets: Int32Array.of(1, 0, 2),
  };
  const windows = trainingWindows(
    TokenSessions.of([
      [5, 2, 3],
      [7, 4],
    ]),
    8,
  );
  const RATE = 0.1;

  /** Adagrad on tables held by hand: gradients summed by row, one update a row. */
  class ByHand {
    readonly #sums = new Map<string, number>();
    readonly #velocities = new Map<string, number>();
    readonly #momentum: number;

    constructor(momentum: number) {
      this.#momentum = momentum;
    }

    update(name: string, table: Float32Array, gradient: ReadonlyMap<number, number>): void {
      for (const [at, g] of gradient) {
        const key = `${name} ${at}`;
        const sum = (this.#sums.get(key) ?? 0) + g * g;
        const change = this.#momentum * (this.#velocities.get(key) ?? 0) - (RATE * g) / Math.sqrt(sum + 1e-6);
        this.#sums.set(key, sum);
        this.#velocities.set(key, change);
        table[at] = (table[at] ?? 0) + change;
      }
    }
  }

  /** What rows' gradients come to for each value of their table; padding is no row. */
  function byValue(...parts: { ids: Int32Array; gradients: Float32Array; width: number }[]) {
    const sums = new Map<number, number>();
    for (const { ids, gradients, width } of parts) {
      for (const [i, id] of ids.entries()) {
        for (let j = 0; id !== 0 && j < width; j++) {
          const at = id * width + j;
          sums.set(at, (sums.get(at) ?? 0) + (gradients[i * width + j] ?? 0));
        }
      }
    }
    return sums;
  }

  const whole = (gradient: Float32Array | undefined) => new Map(gradient?.entries());

  function updateByHand(
    hand: ByHand,
    weights: ModelWeights,
    spec: ModelSpec,
    gradients: StepGradients,
    batch: Batch,
  ) {
    const inputs = { ids: batch.ids, gradients: gradients.inputs, width: inputRowWidth(spec) };
    const rows = { ids: CANDIDATES.ids, gradients: gradients.rows, width: spec.hiddenUnits };
    if (weights.outputRows) {
      hand.update('inputs', weights.inputRows, byValue(inputs));
      hand.update('rows', weights.outputRows, byValue(rows));
    } else hand.update('inputs', weights.inputRows, byValue(inputs, rows));
    const bias = { ids: CANDIDATES.ids, gradients: gradients.bias, width: 1 };
    hand.update('bias', weights.outputBias, byValue(bias));
    const cells = weights.cells.flatMap(({ kernel, recurrentKernel, bias }) =>
      [kernel, recurrentKernel, bias].filter((part) => part !== undefined),
    );
    for (const [i, part] of cells.entries()) hand.update(`cells ${i}`, part, whole(gradients.cells[i]));
  }

  const cases = SMALL.filter(({ spec }) => spec.cell === 'gru').flatMap((given) =>
    [0, 0.5].map((momentum) => ({ ...given, momentum })),
  );

  it.each(cases)(
    'updates each row it names once, and no other: $title, momentum $momentum',
    async (given) => {
      const model = randomModel(given.spec);
      const { trainer, state } = trainerOf(model, () => CANDIDATES, { momentum: given.momentum });
      const expected = copyOf(state.weights);
      const hand = new ByHand(given.momentum);
      for (let step = 0; step < 3; step++) {
        const batch = windows.whole();
        const gradients = await trainer.gradients(batch, CANDIDATES);
        updateByHand(hand, expected, model.spec, gradients, batch);
        expect(await trainer.step(batch, RATE, createRandom(1))).toBeCloseTo(gradients.loss, 6);
      }
      expectWeights(state.weights, expected);
      const width = inputRowWidth(model.spec);
      for (const id of [0, 1, 6, 8]) {
        const row = (table: Float32Array) => [...table.subarray(id * width, (id + 1) * width)];
        expect(row(state.weights.inputRows)).toEqual(row(model.weights.inputRows));
        expect(state.weights.outputBias[id]).toBe(model.weights.outputBias[id]);
      }
      const isUsed = state.weights.inputRows.subarray(5 * width, 6 * width);
      expect(isUsed).not.toEqual(model.weights.inputRows.subarray(5 * width, 6 * width));
    },
  );

  function expectWeights(found: ModelWeights, expected: ModelWeights) {
    const flat = ({ inputRows, cells, outputRows = new Float32Array(), outputBias }: ModelWeights) => [
      ...[inputRows, outputRows, outputBias],
      ...cells.flatMap(({ kernel = new Float32Array(), recurrentKernel, bias }) => [
        kernel,
        recurrentKernel,
        bias,
      ]),
    ];
    for (const [i, part] of flat(expected).entries()) {
      for (const [j, value] of part.entries()) {
        expect(Math.abs((flat(found)[i]?.[j] ?? Number.NaN) - value)).toBeLessThan(2e-6 * Math.max(1, value));
      }
    }
  }

  it('leaves everything as it was when its loss is no number', async () => {
    const model = randomModel({ vocabularySize: 9, hiddenUnits: 4, input: { type: 'embedding', units: 4 } });
    model.weights.outputBias[3] = Number.NaN;
    const { trainer, state } = trainerOf(model, allCandidates(9), { momentum: 0.5 });
    const before = [state.weights, state.accumulators, state.velocities].map((part) => part && copyOf(part));
    expect(await trainer.step(wholeBatch(), 0.1, createRandom(1))).toBeNaN();
    const after = [state.weights, state.accumulators, state.velocities].map((part) => part && copyOf(part));
    expect(after).toEqual(before);
  });

  it('hides as many of its inputs as it is told', async () => {
    const many = trainingWindows(
      TokenSessions.of(Array.from({ length: 1000 }, () => [5, 2, 7, 3, 4])),
      8,
    ).whole();
    const { trainer } = trainerOf(randomModel({ vocabularySize: 9 }), allCandidates(9), { unknownRate: 0.2 });
    await trainer.step(many, 0.1, createRandom(1));
    const hidden = many.ids.filter((id) => id === 1).length / many.ids.length;
    expect(Math.abs(hidden - 0.2)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / 4000));
    expect(new Set(many.targets)).toEqual(new Set([2, 7, 3, 4]));
  });
});

describe('dropout', () => {
  /** Weights so small that the loss is all but a plane in rows and states, and its mean survives what keeps theirs. */
  const model = randomModel({
    cell: 'simple',
    vocabularySize: 9,
    output: 'dense',
    normalised: false,
    input: { type: 'embedding', units: 4 },
  });
  const shrink = (values: Float32Array, by: number) => values.map((value) => value * by);
  const small = {
    spec: model.spec,
    weights: {
      ...model.weights,
      inputRows: shrink(model.weights.inputRows, 0.2),
      cells: model.weights.cells.map((cell) => ({
        ...cell,
        bias: new Float32Array(cell.bias.length),
        recurrentKernel: shrink(cell.recurrentKernel, 0),
      })),
      outputRows: shrink(model.weights.outputRows ?? new Float32Array(), 0.2),
      outputBias: new Float32Array(9),
    },
  };
  const many = () => trainingWindows(TokenSessions.of(Array.from({ length: 4000 }, () => [5, 2])), 8).whole();

  const gradientsOf = (settings: Partial<StepSettings>, isTraining: boolean) => {
    const { trainer } = trainerOf(small, allCandidates(9), settings);
    const candidates = allCandidates(9)(many().targets, createRandom(1));
    return trainer.gradients(many(), candidates, isTraining ? createRandom(2) : undefined);
  };

  it.each([{ rowDropout: 0.4 }, { stateDropout: 0.4 }])('keeps the mean: %j', async (settings) => {
    const whole = await gradientsOf(settings, false);
    const dropped = await gradientsOf(settings, true);
    const pull = Math.log(7) - whole.loss;
    expect(Math.abs(pull)).toBeGreaterThan(0.02);
    expect((Math.log(7) - dropped.loss) / pull).toBeGreaterThan(0.9);
    expect((Math.log(7) - dropped.loss) / pull).toBeLessThan(1.1);
  });

  it('drops the share of a state that it is told', async () => {
    const one = trainingWindows(TokenSessions.of([[5, 2]]), 8).whole();
    const { trainer } = trainerOf(small, allCandidates(9), { stateDropout: 0.4 });
    const candidates = allCandidates(9)(one.targets, createRandom(1));
    const random = createRandom(3);
    let dropped = 0;
    const draws = 60;
    for (let i = 0; i < draws; i++) {
      // The gradient by a row is the state times a number: 0 where the state was dropped.
      const { rows } = await trainer.gradients(one, candidates, random);
      dropped += rows.subarray(0, 16).filter((value) => value === 0).length;
    }
    const spread = Math.sqrt((0.4 * 0.6) / (16 * draws));
    expect(Math.abs(dropped / (16 * draws) - 0.4)).toBeLessThan(4 * spread);
  });

  it('drops the share of a row that it is told, and nothing without a stream to draw from', async () => {
    const zeros = ({ inputs }: StepGradients) => inputs.filter((value) => value === 0).length / inputs.length;
    expect(Math.abs(zeros(await gradientsOf({ rowDropout: 0.4 }, true)) - 0.4)).toBeLessThan(0.02);
    expect(zeros(await gradientsOf({ rowDropout: 0.4 }, false))).toBe(0);
  });
});

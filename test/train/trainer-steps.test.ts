import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import type { ModelWeights } from '@pathcast/models/weights';
import { loadBackend } from '@pathcast/train/backends/backend';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { type Batch, trainingWindows } from '@pathcast/train/fit/batches';
import { allCandidates, type Candidates } from '@pathcast/train/fit/candidates';
import type { PendingLoss } from '@pathcast/train/fit/tables';
import type { StepGradients, StepSettings } from '@pathcast/train/fit/trainer';
import { createRandom } from '@pathcast/train/random';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomModel } from '../support/models.ts';
import { copyOf, SMALL, trainerOf, wholeBatch } from '../support/trainers.ts';

const lossOf = async (step: Promise<PendingLoss>) => (await step)();

beforeAll(async () => {
  await loadBackend('wasm');
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
        expect(await lossOf(trainer.step(batch, RATE, createRandom(1)))).toBeCloseTo(gradients.loss, 6);
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
    expect(await lossOf(trainer.step(wholeBatch(), 0.1, createRandom(1)))).toBeNaN();
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

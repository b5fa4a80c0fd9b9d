import { loadBackend } from '@pathcast/train/backends/backend';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { type Crew, LoneCrew, type StepReport } from '@pathcast/train/fit/crew';
import {
  epochsOf,
  type FitOptions,
  type FitPlace,
  fit as fitCrew,
  startOf,
  type Validation,
} from '@pathcast/train/fit/fit';
import { rateAt, type Schedule } from '@pathcast/train/fit/schedule';
import { beforeAll, describe, expect, it } from 'vitest';
import { flatten, habits, workOn } from '../support/crews.ts';

beforeAll(async () => {
  await loadBackend('wasm');
});

/** A crew whose epochs are told step by step, and that learns nothing. */
class ToldCrew implements Crew {
  done = 0;
  readonly schedules: Schedule[] = [];
  readonly #epochs: readonly (readonly StepReport[])[];
  #isStopped = false;

  constructor(epochs: readonly (readonly StepReport[])[]) {
    this.#epochs = epochs;
  }

  async *run(epoch: number, start: number, schedule: Schedule): AsyncGenerator<StepReport> {
    this.schedules.push(schedule);
    this.done = start;
    this.#isStopped = false;
    for (const report of this.#epochs[epoch]?.slice(start) ?? []) {
      this.done++;
      yield report;
      if (this.#isStopped) return;
    }
  }

  stop() {
    this.#isStopped = true;
  }

  async close() {}
}

const STEP: StepReport = { events: 10, loss: 2 };
const OPTIONS: FitOptions = { learningRate: 0.1, epochs: 6, patience: 2 };

/** Validation results of the given MRRs, one after the other. */
function told(scores: readonly number[]) {
  const left = [...scores];
  return async (): Promise<Validation> => ({ loss: 1, recallAt20: 0.5, mrrAt20: left.shift() ?? 0 });
}

/** A place without its seconds, which no two runs share. */
function timeless({ epochs, seconds: _, ...place }: FitPlace) {
  return { ...place, epochs: epochs.map(({ seconds: __, ...record }) => record) };
}

describe('the schedule', () => {
  it('cools by 0.3 in each of the last two epochs', () => {
    const schedule = { learningRate: 0.1, steadyEpochs: 3 };
    const rates = [0, 1, 2, 3, 4].map((epoch) => rateAt(schedule, epoch));
    for (const [i, rate] of [0.1, 0.1, 0.1, 0.03, 0.009].entries()) expect(rates[i]).toBeCloseTo(rate, 12);
  });
});

describe('fit', () => {
  it('runs all epochs while validation gains, and tells each', async () => {
    const crew = new ToldCrew(Array.from({ length: 6 }, (_, i) => [STEP, { events: 30, loss: i }]));
    const records: unknown[] = [];
    const place = await fitCrew(
      crew,
      {
        ...OPTIONS,
        validate: told([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
        onEpoch: (record) => records.push(record),
      },
      startOf(6),
    );
    expect(place.epochs).toHaveLength(6);
    expect(place.epochs).toEqual(records);
    expect(place.epochs[2]).toMatchObject({
      trainLoss: 2, // (10 · 2 + 30 · 2) / 40
      events: 40,
      validation: { mrrAt20: 0.3 },
    });
    expect(place.epochs[3]?.trainLoss).toBe(2.75);
  });

  it('cools down once validation has not gained for as long as its patience', async () => {
    const crew = new ToldCrew(Array.from({ length: 20 }, () => [STEP]));
    const place = await fitCrew(
      crew,
      { ...OPTIONS, epochs: 20, validate: told([0.1, 0.3, 0.2, 0.29, 0.28]) },
      startOf(20),
    );
    expect(place.steadyEpochs).toBe(4);
    expect(epochsOf(place, 20)).toBe(6);
    const rates = place.epochs.map(({ learningRate }) => learningRate);
    expect(rates).toHaveLength(6);
    for (const [i, rate] of [0.1, 0.1, 0.1, 0.1, 0.03, 0.009].entries())
      expect(rates[i]).toBeCloseTo(rate, 12);
    expect(crew.schedules.at(-1)).toEqual({ learningRate: 0.1, steadyEpochs: 4 });
  });

  it.each([1, 2, 3])(
    'runs %d epochs where no more are asked for, and validates none unasked',
    async (epochs) => {
      const crew = new ToldCrew(Array.from({ length: 5 }, () => [STEP]));
      const place = await fitCrew(crew, { ...OPTIONS, epochs }, startOf(epochs));
      expect(place.epochs).toHaveLength(epochs);
      expect(place.epochs.at(-1)).not.toHaveProperty('validation');
    },
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'stops at a loss of %d with what to change, and saves nothing after it',
    async (loss) => {
      const crew = new ToldCrew([[STEP], [STEP, { events: 10, loss }, STEP]]);
      const pauses: FitPlace[] = [];
      const pause = async (place: FitPlace) => {
        pauses.push(place);
      };
      const run = fitCrew(crew, { ...OPTIONS, isDue: () => true, pause }, startOf(6));
      await expect(run).rejects.toThrow(`the loss is ${loss} in epoch 2: try a smaller --learning-rate`);
      expect(pauses.map(({ epochs, batches }) => [epochs.length, batches])).toEqual([
        [0, 1],
        [1, 1],
      ]);
    },
  );

  it('says so when there is nothing to learn', async () => {
    const work = workOn(TokenSessions.of([[2, 1], [3]]));
    const run = fitCrew(new LoneCrew(work), OPTIONS, startOf(6));
    await expect(run).rejects.toThrow('no step of the sessions has a page to predict: nothing to learn');
  });

  it('ends with what a pause throws', async () => {
    const crew = new ToldCrew([[STEP, STEP]]);
    const pause = () => Promise.reject(new Error('enough'));
    await expect(fitCrew(crew, { ...OPTIONS, isDue: () => true, pause }, startOf(6))).rejects.toThrow(
      'enough',
    );
    expect(crew.done).toBe(1);
  });

  it('comes to the same weights and records, bit for bit, from any place it was left at', async () => {
    const sessions = habits(50);
    const options = { ...OPTIONS, epochs: 3 };
    const unbroken = workOn(sessions);
    const expected = await fitCrew(new LoneCrew(unbroken), options, startOf(3));

    const broken = workOn(sessions);
    let place = startOf(3);
    let starts = 0;
    for (let isOver = false; !isOver; starts++) {
      // As a process that dies at its second step would go on: by a place that went through JSON.
      let steps = 0;
      const isDue = () => ++steps % 2 === 0;
      const pause = async (at: FitPlace) => {
        place = JSON.parse(JSON.stringify(at));
        throw new Error('left');
      };
      const run = fitCrew(new LoneCrew(broken), { ...options, isDue, pause }, place);
      isOver = await run.then(
        (at) => {
          place = at;
          return true;
        },
        () => false,
      );
    }
    expect(starts).toBeGreaterThan(9);
    expect(timeless(place)).toEqual(timeless(expected));
    expect(flatten(broken.state.weights)).toEqual(flatten(unbroken.state.weights));
  });
});

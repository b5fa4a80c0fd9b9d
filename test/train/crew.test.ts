import { loadBackend } from '@pathcast/train/backends/backend';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { LoneCrew, type Work } from '@pathcast/train/fit/crew';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { flatten, habits, meanLoss, reportsOf, SCHEDULE, workOn } from '../support/crews.ts';
import { SPECS } from '../support/models.ts';

beforeAll(async () => {
  await loadBackend('wasm');
});

/** The weights after two epochs. */
async function fitted(work: Work): Promise<Float32Array[]> {
  const crew = new LoneCrew(work);
  for (const epoch of [0, 1]) await reportsOf(crew.run(epoch, 0, SCHEDULE));
  return flatten(work.state.weights);
}

describe('one batch, again and again', () => {
  const sessions = TokenSessions.of([
    [2, 3, 4, 5],
    [6, 3, 7, 8, 9],
    [10, 11],
  ]);

  it.each(SPECS)('is learnt by heart: $title', async ({ spec }) => {
    const settings = { rowDropout: 0, stateDropout: 0, unknownRate: 0, momentum: 0.5 };
    const work = workOn(sessions, { spec, settings, negatives: { count: 0, alpha: 0 } });
    const crew = new LoneCrew(work);
    let last = Number.NaN;
    for (let epoch = 0; epoch < 40; epoch++) last = meanLoss(await reportsOf(crew.run(epoch, 0, SCHEDULE)));
    expect(last).toBeLessThan(0.05);
  });
});

describe('a lone crew', () => {
  const sessions = habits(60);

  it('gives the same weights for the same seed, bit for bit, and others for another', async () => {
    const first = await fitted(workOn(sessions));
    expect(await fitted(workOn(sessions))).toEqual(first);
    expect(await fitted(workOn(sessions, { seed: 2 }))).not.toEqual(first);
  });

  it('goes on from any step as if it had never stopped', async () => {
    const work = workOn(sessions);
    for (const epoch of [0, 1]) {
      for (let done = 0, isOver = false; !isOver; ) {
        // A crew of its own for every step, as after a crash.
        const crew = new LoneCrew(work);
        const run = crew.run(epoch, done, SCHEDULE);
        isOver = (await run.next()).done === true;
        await run.return(undefined);
        expect(crew.done).toBe(isOver ? done : done + 1);
        done = crew.done;
      }
    }
    expect(flatten(work.state.weights)).toEqual(await fitted(workOn(sessions)));
  });

  it('learns from every target once an epoch, and leaves no tensor behind', async () => {
    const work = workOn(sessions);
    const crew = new LoneCrew(work);
    const before = tf.memory().numTensors;
    const reports = await reportsOf(crew.run(0, 0, SCHEDULE));
    expect(reports.reduce((sum, { events }) => sum + events, 0)).toBe(work.windows.countScored());
    expect(crew.done).toBe(Math.ceil(work.windows.length / 8));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('passes over a batch without a page to predict', async () => {
    const unknown = TokenSessions.of([
      [2, 1],
      [3, 1],
      [4, 5],
    ]);
    const crew = new LoneCrew(workOn(unknown, { batchSize: 1 }));
    expect(await reportsOf(crew.run(0, 0, SCHEDULE))).toEqual([{ events: 1, loss: expect.any(Number) }]);
    expect(crew.done).toBe(3);
  });

  it.each([0, 16])('learns habits, with %d negatives', async (count) => {
    const work = workOn(habits(400), { negatives: { count, alpha: 0.5 } });
    const crew = new LoneCrew(work);
    const first = meanLoss(await reportsOf(crew.run(0, 0, SCHEDULE)));
    let last = first;
    for (let epoch = 1; epoch < 4; epoch++) last = meanLoss(await reportsOf(crew.run(epoch, 0, SCHEDULE)));
    expect(last).toBeLessThan(first * 0.65);
  });
});

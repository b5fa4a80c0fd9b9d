import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { loadBackend } from '@pathcast/train/backends/backend';
import { type Crew, LoneCrew, type Work } from '@pathcast/train/fit/crew';
import { fit as fitCrew, startOf } from '@pathcast/train/fit/fit';
import { WorkerCrew } from '@pathcast/train/fit/worker-crew';
import { UserError } from '@pathcast/train/user-error';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { flatten, habits, meanLoss, reportsOf, SCHEDULE, workOn } from '../support/crews.ts';

beforeAll(async () => {
  await loadBackend('wasm');
});

/** Starts a crew of two, and says which threads it is. */
async function crewOf(work: Work) {
  const threads = startedThreads();
  const crew = await WorkerCrew.start(work, 2);
  onTestFinished(() => crew.close());
  return { crew, threads };
}

/** The threads that are started from here on in this test. */
function startedThreads(): Worker[] {
  const threads: Worker[] = [];
  const note = (worker: Worker) => threads.push(worker);
  process.on('worker', note);
  onTestFinished(() => {
    process.off('worker', note);
  });
  return threads;
}

const isEnded = ({ threadId }: Worker) => threadId === -1;

async function lossAfter(crew: Crew, epochs: number): Promise<number> {
  let last = Number.NaN;
  for (let epoch = 0; epoch < epochs; epoch++) last = meanLoss(await reportsOf(crew.run(epoch, 0, SCHEDULE)));
  return last;
}

describe('two workers', () => {
  const sessions = habits(250);
  const work = workOn(sessions);
  const batches = Math.ceil(work.windows.length / work.course.batchSize);
  let crew: WorkerCrew;
  const threads: Worker[] = [];

  beforeAll(async () => {
    const note = (worker: Worker) => threads.push(worker);
    process.on('worker', note);
    crew = await WorkerCrew.start(work, 2);
    process.off('worker', note);
  }, 60_000);

  afterAll(async () => {
    await crew.close();
    expect(threads.map(isEnded)).toEqual([true, true]);
  });

  it('learn as much as one thread from each target once, on the tables that they were given', async () => {
    const before = flatten(work.state.weights);
    const reports = await reportsOf(crew.run(0, 0, SCHEDULE));
    expect(reports.reduce((sum, { events }) => sum + events, 0)).toBe(work.windows.countScored());
    expect(crew.done).toBe(batches);
    for (const [i, part] of flatten(work.state.weights).entries()) expect(part).not.toEqual(before[i]);

    // Threads race, and no two runs are alike: by the twelfth epoch both have come to rest.
    const together = await lossAfter(crew, 11);
    const alone = await lossAfter(new LoneCrew(workOn(sessions)), 12);
    expect(together).toBeLessThan(meanLoss(reports) * 0.65);
    expect(together).toBeLessThan(alone * 1.15);
  });

  it('finish the steps in hand when they are stopped, and touch nothing more', async () => {
    const run = crew.run(0, 5, SCHEDULE);
    await run.next();
    await run.return(undefined);
    const { done } = crew;
    expect(done).toBeGreaterThan(5);
    expect(done).toBeLessThan(batches);
    const weights = flatten(work.state.weights);
    await delay(100);
    expect(crew.done).toBe(done);
    expect(flatten(work.state.weights)).toEqual(weights);
    const rest = await reportsOf(crew.run(0, done, SCHEDULE));
    expect(rest).toHaveLength(batches - done);
  });

  it('lose no step of the account when a fit pauses again and again', async () => {
    let pauses = 0;
    const pause = async () => {
      pauses++;
    };
    const options = { learningRate: 0.1, epochs: 2, patience: 1, isDue: () => true, pause };
    const place = await fitCrew(crew, options, startOf(2));
    expect(pauses).toBeGreaterThan(10);
    const all = work.windows.countScored();
    expect(place.epochs.map(({ events }) => events)).toEqual([all, all]);
  });
});

describe('a worker that dies', () => {
  it('ends the run with one sentence, wherever it was', async () => {
    const { crew, threads } = await crewOf(workOn(habits(2000)));
    const run = crew.run(0, 0, SCHEDULE);
    await run.next();
    await threads[1]?.terminate();
    const error = await reportsOf(run).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      message: 'a training worker died: it ended with code 1; resume with fewer --workers',
    });
    await expect(crew.run(0, 0, SCHEDULE).next()).rejects.toBe(error);
    await crew.close();
    expect(threads.map(isEnded)).toEqual([true, true]);
  });

  it('says what it died of when it threw', async () => {
    const work = workOn(habits(40));
    // Tables of another width than the spec's: the first step throws.
    const spec = { ...work.course.spec, hiddenUnits: 15 };
    const { crew } = await crewOf({ ...work, course: { ...work.course, spec } });
    await expect(crew.run(0, 0, SCHEDULE).next()).rejects.toThrow(
      /^a training worker died: .*shape.*; resume/i,
    );
  });

  it('before it has started ends the start, and its fellows', async () => {
    const threads = startedThreads();
    const work = workOn(habits(40));
    const spec = { ...work.course.spec, input: { type: 'embedding' as const, units: -1 } };
    const start = WorkerCrew.start({ ...work, course: { ...work.course, spec } }, 2);
    await expect(start).rejects.toThrow(/^a training worker died: /);
    expect(threads).toHaveLength(2);
    for (const thread of threads) if (!isEnded(thread)) await once(thread, 'exit');
  });

  it('in silence while it starts ends the start too', async () => {
    const threads = startedThreads();
    const start = WorkerCrew.start(workOn(habits(40)), 2);
    const outcome = start.then(
      () => 'started',
      (error: unknown) => error,
    );
    await once(process, 'worker');
    await threads[0]?.terminate();
    expect(await outcome).toMatchObject({
      message: expect.stringMatching(/^a training worker died: it ended/),
    });
    for (const thread of threads) if (!isEnded(thread)) await once(thread, 'exit');
  });
});

import { CELLS, type ModelSpec } from '@pathcast/models/spec';
import { loadBackend } from '@pathcast/train/backends/backend';
import { DeviceTable } from '@pathcast/train/backends/device-table';
import { TRAITS } from '@pathcast/train/backends/traits';
import { Sessions } from '@pathcast/train/data/sessions/sessions';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { trainingWindows } from '@pathcast/train/fit/batches';
import { LoneCrew, type Work } from '@pathcast/train/fit/crew';
import { fitFullBatch } from '@pathcast/train/fit/full-batch';
import { createParameters } from '@pathcast/train/fit/parameters';
import { TRUST } from '@pathcast/train/fit/start';
import { slotsOf, type TrainingState } from '@pathcast/train/fit/state';
import { setUp } from '@pathcast/train/recipes/learn';
import { navigationOptions, settle } from '@pathcast/train/recipes/navigation-options';
import { subjectOf } from '@pathcast/train/recipes/subject';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it, onTestFinished, vi } from 'vitest';
import { describeCuda } from '../../support/backends.ts';
import { habits, reportsOf, workOn } from '../../support/crews.ts';
import { randomModel } from '../../support/models.ts';
import { copyOf } from '../../support/trainers.ts';

const SCHEDULE = { learningRate: 0.1, steadyEpochs: 9 };
const STEPS = 50;
/** A site of a few pages. */
const SITE = Sessions.of(Array.from({ length: 20 }, () => ['/a', '/b', '/c', '/d']));

/** Models of every cell, with each kind of input and output. */
const KINDS = CELLS.flatMap((cell) =>
  [
    { input: { type: 'embedding', units: 16 }, output: 'tied', normalised: true, layers: 1 } as const,
    { input: { type: 'embedding', units: 5 }, output: 'dense', normalised: false, layers: 2 } as const,
    { input: { type: 'one-hot' }, output: 'dense', normalised: false, layers: 1 } as const,
  ].map((kind) => ({ cell, ...kind })),
);

/** Gives Adagrad the sums that a run begins with. */
function trustRows(state: TrainingState): void {
  const { inputs, outputs, bias, cells } = slotsOf(state);
  for (const { accumulators } of [inputs, outputs, bias, ...cells]) accumulators.fill(TRUST);
}

function fail(): never {
  throw new Error('momentum is on');
}

/** A fit's first losses, and its state after them, each time from the same weights. */
async function fitOn(backend: 'cuda' | 'wasm', kind: Partial<ModelSpec>, changes: Partial<Work> = {}) {
  await loadBackend(backend);
  const work: Work = { ...workOn(habits(200), { spec: kind }), traits: TRAITS[backend], ...changes };
  // As a run begins: rows that were spread are trusted, a one-hot kernel's are drawn.
  if (kind.input?.type !== 'one-hot') trustRows(work.state);
  const crew = new LoneCrew(work);
  const before = tf.memory().numTensors;
  const reports = [];
  for (let epoch = 0; reports.length < STEPS; epoch++) {
    reports.push(...(await reportsOf(crew.run(epoch, 0, SCHEDULE))));
  }
  expect(tf.memory().numTensors).toBe(before);
  await crew.close();
  return { losses: reports.map(({ loss }) => loss), state: work.state };
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, share: number, what: string) {
  expect(found.length).toBe(expected.length);
  const worst = Math.max(
    ...Array.from(
      expected,
      (value, i) => Math.abs((found[i] ?? Number.NaN) - value) / Math.max(1, Math.abs(value)),
    ),
  );
  expect(worst, what).toBeLessThan(share);
}

describeCuda('training through tfjs-node-gpu, beside wasm', () => {
  it.each(KINDS)('has the same losses and tables: $cell, $input.type, $output, $layers', async (kind) => {
    const onDevice = await fitOn('cuda', kind);
    const onHost = await fitOn('cuda', kind, { traits: { ...TRAITS.cuda, tables: 'host' } });
    const onWasm = await fitOn('wasm', kind);
    expect(onWasm.losses.length).toBeGreaterThanOrEqual(STEPS);
    for (const { losses, state } of [onDevice, onHost]) {
      expectClose(losses.slice(0, STEPS), onWasm.losses.slice(0, STEPS), 1e-4, 'losses');
      const [found, expected] = [slotsOf(state), slotsOf(onWasm.state)];
      for (const table of ['inputs', 'outputs', 'bias'] as const) {
        for (const part of ['weights', 'accumulators', 'velocities'] as const) {
          expectClose(found[table][part] ?? [], expected[table][part] ?? [], 2e-3, `${table} ${part}`);
        }
      }
    }
  });

  it('takes no step whose loss is not finite, and says so', async () => {
    await loadBackend('cuda');
    const work: Work = { ...workOn(habits(20)), traits: TRAITS.cuda };
    work.state.weights.cells[0]?.recurrentKernel.fill(Number.NaN);
    const before = copyOf(work.state.weights);
    const sums = copyOf(work.state.accumulators);
    const speeds = copyOf(work.state.velocities ?? fail());
    const crew = new LoneCrew(work);
    const reports = await reportsOf(crew.run(0, 0, SCHEDULE));
    expect(reports.every(({ loss }) => Number.isNaN(loss))).toBe(true);
    expect(copyOf(work.state.weights)).toEqual(before);
    expect(copyOf(work.state.accumulators)).toEqual(sums);
    expect(copyOf(work.state.velocities ?? fail())).toEqual(speeds);
    await crew.close();
  });

  it('keeps tables on the host where the device has no room, and says so', async () => {
    const backend = { ...(await loadBackend('cuda')), roomBytes: 1000 };
    const options = settle(navigationOptions.parse({ data: '-', epochs: 3 }), SITE);
    const lesson = { ...subjectOf(SITE, options), backend, epochs: 3, stream: 0 };
    const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    onTestFinished(() => said.mockRestore());
    const before = tf.memory().numTensors;
    const { crew } = await setUp(lesson, options);
    expect(said.mock.calls.flat().join('')).toMatch(
      /^ {2}tables {4}on the host: they take \d+\.\d GB, and the GPU has room for 0\.0 GB\n$/,
    );
    expect(tf.memory().numTensors).toBe(before); // nothing lies on the device
    await crew.close();
  });

  it('stops between two readings of losses without losing a step', async () => {
    await loadBackend('cuda');
    const work: Work = { ...workOn(habits(200)), traits: { ...TRAITS.cuda, readEvery: 7 } };
    const crew = new LoneCrew(work);
    let reported = 0;
    for await (const _ of crew.run(0, 0, SCHEDULE)) if (++reported === 3) crew.stop();
    expect(reported).toBe(crew.done);
    expect(reported).toBe(7);
    await crew.close();
  });

  it('reports the steps in hand when it is told to stop between two readings', async () => {
    await loadBackend('cuda');
    const work: Work = { ...workOn(habits(200)), traits: { ...TRAITS.cuda, readEvery: 1000 } };
    const crew = new LoneCrew(work);
    const stopAfterThree = () => (crew.done < 3 ? setImmediate(stopAfterThree) : crew.stop());
    stopAfterThree();
    const reports = await reportsOf(crew.run(0, 0, SCHEDULE));
    expect(crew.done).toBeLessThan(25); // an epoch's batches
    expect(reports).toHaveLength(crew.done);
    await crew.close();
  });

  it.each(CELLS)('labels hihell in full batches with the same losses: %s', async (cell) => {
    const losses: number[][] = [];
    for (const backend of ['cuda', 'wasm'] as const) {
      await loadBackend(backend);
      const { spec, weights } = randomModel({
        task: 'label',
        cell,
        layers: 1,
        hiddenUnits: 10,
        vocabularySize: 7,
        output: 'dense',
        normalised: false,
        labels: 'next',
        input: { type: 'one-hot' },
      });
      const batch = trainingWindows(TokenSessions.of([[2, 3, 2, 4, 5, 5, 6]]), spec.steps).whole();
      const parameters = createParameters(spec, weights);
      const costs: number[] = [];
      const options = { iterations: STEPS, learningRate: 0.1, costScale: 1 };
      for await (const { cost } of fitFullBatch(spec, parameters, batch, options)) costs.push(cost);
      losses.push(costs);
    }
    expectClose(losses[0] ?? [], losses[1] ?? [], 1e-4, 'costs');
  });

  it('changes a table in place by rows, as an array by hand', async () => {
    await loadBackend('cuda');
    const table = new DeviceTable(Float32Array.of(1, 2, 3, 4, 5, 6), 2);
    const ids = tf.tensor1d([2, 0], 'int32');
    table.add(
      ids,
      tf.tensor2d([
        [10, 20],
        [30, 40],
      ]),
    );
    expect([...(await table.gather(ids).data())]).toEqual([15, 26, 31, 42]);
    table.set(
      ids,
      tf.tensor2d([
        [7, 8],
        [9, 10],
      ]),
    );
    expect([...(await table.read().data())]).toEqual([9, 10, 3, 4, 7, 8]);
    table.dispose();
  });

  it('gives the memory of a table back', async () => {
    await loadBackend('cuda');
    const values = new Float32Array(10e6).fill(1);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 25; i++) new DeviceTable(values, 100).dispose();
    expect(process.memoryUsage.rss() - before).toBeLessThan(500e6); // of 1 GB
  });
});

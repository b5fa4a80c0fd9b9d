import { loadBackend } from '@pathcast/train/backends/backend';
import { type BackendName, type BackendTraits, TRAITS } from '@pathcast/train/backends/traits';
import { LoneCrew } from '@pathcast/train/fit/crew';
import * as tf from '@tensorflow/tfjs-core';
import { median } from '../measure.ts';
import { figure, type Row } from '../report.ts';
import { type Catalogue, diginetica } from '../training/catalogue.ts';
import { inTurns, paceOf } from '../training/pace.ts';
import { workFor } from '../training/work.ts';
import { Meter } from './meter.ts';

const TURNS = 5;
const STEPS = 40;
/** Bytes a second of PCIe 4.0 with 16 lanes, as they come to in practice; and float32 operations of an NVIDIA L4, a tenth of what its data sheet says. */
const GPU = { bytesPerSecond: 20e9, flops: 3e12 };

/** Steps of the same work on each backend, in turns. */
export async function stepRows(): Promise<Row[]> {
  const catalogue = await diginetica();
  const ways: Record<string, { backend: BackendName; traits: BackendTraits }> = {
    wasm: { backend: 'wasm', traits: TRAITS.wasm },
    native: { backend: 'native', traits: TRAITS.native },
    device: { backend: 'native', traits: TRAITS.cuda },
  };
  const crews = new Map<string, LoneCrew>();
  const paceIn = (name: keyof typeof ways) => async (turn: number) => {
    const way = ways[name];
    if (!way) throw new RangeError(`there is no way "${name}"`);
    await loadBackend(way.backend);
    let crew = crews.get(name);
    if (!crew) {
      crew = new LoneCrew({ ...workFor(catalogue), traits: way.traits });
      crews.set(name, crew);
    }
    return (await paceOf(crew, turn, STEPS)).eventsPerSecond;
  };
  const paces = await inTurns(
    { wasm: paceIn('wasm'), native: paceIn('native'), device: paceIn('device') },
    TURNS,
  );
  return [
    figure(`${catalogue.name}: wasm`, Math.round(paces.wasm), 'events/s'),
    figure(`${catalogue.name}: native`, Math.round(paces.native), 'events/s'),
    figure(`${catalogue.name}: native`, paces.native / paces.wasm, 'times wasm'),
    figure(`${catalogue.name}: native, tables as on cuda`, paces.device / paces.wasm, 'times wasm'),
    ...(await anatomy(catalogue, 'tables on the host', TRAITS.native)),
    ...(await anatomy(catalogue, 'tables as on cuda', TRAITS.cuda)),
  ];
}

/** Where the time of a native step goes. */
async function anatomy(catalogue: Catalogue, what: string, traits: BackendTraits): Promise<Row[]> {
  await loadBackend('native');
  const crew = new LoneCrew({ ...workFor(catalogue), traits });
  await paceOf(crew, 0, STEPS); // to warm up
  const meter = new Meter();
  const steps: {
    ms: number;
    events: number;
    calls: number;
    inCalls: number;
    inCopies: number;
    bytes: number;
  }[] = [];
  let before = { ...meter.read(), at: performance.now() };
  for await (const { events } of crew.run(1, 0, { learningRate: 0.1, steadyEpochs: 1000 })) {
    const now = { ...meter.read(), at: performance.now() };
    steps.push({
      ms: now.at - before.at,
      events,
      calls: now.calls - before.calls,
      inCalls: now.inCalls - before.inCalls,
      inCopies: now.inCopies - before.inCopies,
      bytes: now.bytes - before.bytes,
    });
    before = now;
    if (steps.length === 3 * traits.readEvery + STEPS) break;
  }
  meter.remove();
  await crew.close();
  // Losses are read some steps at a time, so that only sums say what a step takes.
  const whole = steps.slice(traits.readEvery, traits.readEvery * Math.floor(steps.length / traits.readEvery));
  const mean = (of: (step: (typeof steps)[number]) => number) =>
    whole.reduce((sum, step) => sum + of(step), 0) / Math.max(1, whole.length);
  const [ms, calls, inCalls, inCopies] = [
    mean((step) => step.ms),
    mean((step) => step.calls),
    mean((step) => step.inCalls),
    mean((step) => step.inCopies),
  ];
  const bytes = mean((step) => step.bytes);
  const bareCall = timeOfCall();
  const jsMs = ms - inCalls - inCopies;
  const dispatchMs = jsMs + calls * bareCall;
  const copyMs = (1000 * bytes) / GPU.bytesPerSecond;
  const computeMs = (1000 * flopsOf(mean((step) => step.events))) / GPU.flops;
  const projected = (1000 * mean((step) => step.events)) / (dispatchMs + copyMs + computeMs);
  return [
    figure(`a step, ${what}`, ms, 'ms'),
    figure(`a step, ${what}: calls of TensorFlow`, Math.round(calls), ''),
    figure(`a step, ${what}: in these calls, computing`, inCalls - calls * bareCall, 'ms'),
    figure(`a step, ${what}: in these calls, calling`, calls * bareCall, 'ms'),
    figure(`a step, ${what}: copying in and out`, inCopies, 'ms'),
    figure(`a step, ${what}: copied in and out`, bytes / 1e6, 'MB'),
    figure(`a step, ${what}: in JavaScript`, jsMs, 'ms'),
    figure(`PROJECTED, not measured: a GPU, ${what}`, Math.round(projected), 'events/s'),
  ];
}

/** Multiplications and additions of a step: scores forth and twice back, cells forth and twice back. */
function flopsOf(events: number): number {
  const [units, candidates] = [100, 2048 + events];
  return 3 * 2 * events * units * candidates + 3 * 2 * events * 2 * units * 3 * units;
}

/** Milliseconds of a call that computes next to nothing. */
function timeOfCall(): number {
  const one = tf.scalar(1);
  const times: number[] = [];
  for (let turn = 0; turn < 21; turn++) {
    const started = performance.now();
    for (let i = 0; i < 200; i++) tf.neg(one).dispose();
    times.push((performance.now() - started) / 200);
  }
  one.dispose();
  return median(times);
}

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { writeVersion } from '@pathcast/train/export/version';
import { findModels } from '@pathcast/worker/scripts/artifact-objects';
import { fillBucket, serve } from '@pathcast/worker/scripts/server';
import { residentMb } from '../../support/resident.ts';
import { inTemporaryFolder } from '../measure.ts';
import { figure, type Row } from '../report.ts';
import { tiedModel, tutorialModel } from './models.ts';

/** Longer than a warm Worker goes without reading the pointer. */
const LATEST_MS = 60_000;
const EVERY_MS = 20;
/** What V8 may take to collect what is let go of. */
const SETTLING_MS = 5000;

/** workerd's resident memory while a published version takes the place of the one that answers, and the answers meanwhile. */
export async function swapRows(): Promise<Row[]> {
  return [
    ...(await rowsOf('29 MB beside 29 MB', tutorialModel())),
    ...(await rowsOf('60 MB in place of 60 MB', tiedModel(250_000))),
  ];
}

async function rowsOf(what: string, model: TrainedModel): Promise<Row[]> {
  return inTemporaryFolder(async (folder) => {
    const persist = join(folder, 'r2');
    const first = await publish(folder, persist, model);
    const server = await serve({ persist });
    try {
      const ask = async () => {
        const response = await fetch(
          `${server.url}/v1/models/bench/next?top=1&page=${model.vocabulary.decode(2)}`,
        );
        const { version } = (await response.json()) as { version?: string }; // our own contract
        if (!response.ok || !version) throw new Error(`the Worker answered ${response.status} during a swap`);
        return version;
      };
      await ask();
      await sleep(SETTLING_MS);
      const before = await residentMb();
      const second = await publish(folder, persist, model);
      const { peak, slowestMs } = await watch(ask, { first, second });
      return [
        figure(`swap of ${what}: resident before`, before, 'MiB'),
        figure(`swap of ${what}: at its peak`, peak, 'MiB'),
        figure(`swap of ${what}: slowest of the answers meanwhile`, slowestMs, 'ms'),
      ];
    } finally {
      await server.stop();
    }
  });
}

/** @returns the version's name, its folder's. */
async function publish(folder: string, persist: string, model: TrainedModel): Promise<string> {
  const artifacts = join(folder, 'artifacts');
  const data = {
    format: 'none',
    sessions: 0,
    events: 0,
    tokens: model.vocabulary.tokens.length,
    testSessions: 0,
  };
  const run = { name: 'bench', config: {}, data, metrics: null, backend: 'none' };
  const version = await writeVersion(artifacts, model, run);
  await fillBucket(await findModels(artifacts), persist);
  return version.slice(-14);
}

/** Asks until the second version has answered for a while. */
async function watch(
  ask: () => Promise<string>,
  { first, second }: { first: string; second: string },
): Promise<{ peak: number; slowestMs: number }> {
  const started = performance.now();
  let peak = 0;
  let slowestMs = 0;
  let swapped = Number.POSITIVE_INFINITY;
  while (performance.now() < swapped + SETTLING_MS) {
    const asked = performance.now();
    const version = await ask();
    slowestMs = Math.max(slowestMs, performance.now() - asked);
    peak = Math.max(peak, await residentMb());
    if (version === second) swapped = Math.min(swapped, performance.now());
    else if (version !== first) throw new Error(`version ${version} was never published`);
    if (swapped === Number.POSITIVE_INFINITY && performance.now() > started + LATEST_MS)
      throw new Error('the second version never came');
    await sleep(EVERY_MS);
  }
  return { peak, slowestMs };
}

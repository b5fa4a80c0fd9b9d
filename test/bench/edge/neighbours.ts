import type { Mixture } from '@pathcast/models/predictor/mixture';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';
import { encodeSessions, vocabularyOf } from '@pathcast/train/data/sessions/encode';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { buildNeighbours } from '@pathcast/train/mixture/build-neighbours';
import { dataFile } from '../../support/data.ts';
import { atMost, figure, type Row } from '../report.ts';
import { BenchWorker } from './bench-worker.ts';
import { megabytesOf } from './memory.ts';
import { tiedModel } from './models.ts';
import type { Histories } from './work.ts';

const VISITS = 1000;
const TIMES = 300;

/** What the neighbours of Diginetica's own sessions add to a model of its pages, asked with its own test visits. */
export async function neighbourRows(): Promise<Row[]> {
  const train = dataFile('diginetica/train.txt.gz');
  const test = dataFile('diginetica/test.txt.gz');
  if (!train || !test) {
    process.stderr.write('  neighbours: skipped, since Diginetica (diginetica) is not in PATHCAST_DATA\n');
    return [];
  }
  const { sessions } = await readDataset(defaultDataOptions(train));
  const vocabulary = vocabularyOf(sessions);
  const encoded = encodeSessions(sessions, vocabulary);
  const without = { ...tiedModel(vocabulary.tokens.length), vocabulary, mixture: mixtureOf([1, 0]) };
  const neighbours = buildNeighbours(encoded, { size: vocabulary.size });
  const beside = { ...without, mixture: { ...mixtureOf([0.7, 0.3]), neighbours } };

  const added = (await megabytesOf(beside)) - (await megabytesOf(without));
  const visits = await testVisits(test);
  const ms = await timeBoth(without, beside, visits);
  const what = `neighbours of ${encoded.length.toLocaleString('en')} sessions`;
  return [
    atMost(`${what}: added to the memory`, added, 8, 'MB'),
    atMost(`${what}: added to a prediction`, ms.beside - ms.without, 0.2, 'ms'),
    figure('the prediction without them', ms.without, 'ms'),
  ];
}

/** @param shares of the recurrent model and the neighbours. */
function mixtureOf([recurrent, neighbours]: [number, number]): Mixture {
  const row = [recurrent, 0, neighbours];
  return { temperature: 1, weights: Float32Array.from(Array.from({ length: 16 }, () => row).flat()) };
}

/** Each visit up to a page of its own, short and long ones alike. */
async function testVisits(path: string): Promise<Histories> {
  const { sessions } = await readDataset(defaultDataOptions(path));
  const pages = [...sessions]
    .slice(0, VISITS)
    .map((session, i) => session.slice(0, 1 + (i % (session.length - 1))));
  return { pages, ids: [] };
}

async function timeBoth(
  without: TrainedModel,
  beside: TrainedModel,
  visits: Histories,
): Promise<{ without: number; beside: number }> {
  const worker = await BenchWorker.start();
  try {
    await worker.ask(visits);
    await worker.loadModel('without', without);
    await worker.loadModel('beside', beside);
    return await worker.time({ without: TIMES, beside: TIMES });
  } finally {
    await worker.stop();
  }
}

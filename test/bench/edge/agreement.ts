import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ARTIFACT } from '@pathcast/models/artifacts';
import { largest } from '@pathcast/models/predictor/ranking';
import { parseVocabulary } from '@pathcast/models/vocabulary';
import { loadBackend } from '@pathcast/train/backends/backend';
import { openModel } from '@pathcast/train/evaluate/open-model';
import { currentVersion } from '@pathcast/train/export/current-version';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { dataFile } from '../../support/data.ts';
import { ROOT } from '../measure.ts';
import { atLeast, atMost, figure, type Row } from '../report.ts';
import { readManifest } from '../served.ts';
import { trainNavigation } from '../trained.ts';
import { TOP } from './work.ts';

/** A folder of artifacts, which {@link trainedVersion} fills. */
export const DIGINETICA = join(ROOT, '.cache/bench/diginetica-whole');
/** One of so many test steps is asked. */
const EVERY = 3;
const BATCH = 128;

/** A visit up to some page, and the page that followed. */
interface Step {
  readonly history: readonly string[];
  readonly target: string;
}

/** What quantisation costs: the kernel beside the float32 layers model, on test visits of Diginetica. */
export async function agreementRows(): Promise<Row[]> {
  const data = dataFile('diginetica/train.txt.gz');
  const test = dataFile('diginetica/test.txt.gz');
  if (!data || !test) {
    process.stderr.write('  agreement: skipped, since Diginetica (diginetica) is not in PATHCAST_DATA\n');
    return [];
  }
  const folder = await trainedVersion(data);
  const { spec } = await readManifest(folder);
  const vocabulary = parseVocabulary(await readFile(join(folder, ARTIFACT.vocabulary), 'utf8'));
  const { predictor } = await openModel(await readFile(join(folder, ARTIFACT.pack)));
  await loadBackend('wasm');
  const layers = await readLayers(folder);
  const steps = stepsOf(await readLines(test)).filter((_, i) => i % EVERY === 0);

  const found = { shared: 0, sameFirst: 0, kernel: 0, float32: 0 };
  for (let start = 0; start < steps.length; start += BATCH) {
    const batch = steps.slice(start, start + BATCH);
    const ids = batch.map(({ history }) => history.slice(-spec.steps).map((page) => vocabulary.encode(page)));
    for (const [i, best] of layersTops(layers, ids, spec.steps).entries()) {
      const { history, target } = batch[i] ?? { history: [], target: '' };
      const theirs = best.map((id) => vocabulary.decode(id));
      const ours = predictor.next(history, { top: TOP, part: 'recurrent' }).map(({ page }) => page);
      found.shared += ours.filter((page) => theirs.includes(page)).length;
      found.sameFirst += ours[0] === theirs[0] ? 1 : 0;
      found.kernel += ours.includes(target) ? 1 : 0;
      found.float32 += theirs.includes(target) ? 1 : 0;
    }
  }
  layers.dispose();
  const n = steps.length;
  const set = 'agreement with float32 layers, Diginetica';
  return [
    figure(`${set}: test steps`, n),
    atLeast(`${set}: overlap@20`, found.shared / (n * TOP), 0.99),
    atLeast(`${set}: same first page`, found.sameFirst / n, 0.99),
    figure(`${set}: recall@20 of float32`, (100 * found.float32) / n, '%'),
    atMost(`${set}: recall@20 lost`, (100 * (found.float32 - found.kernel)) / n, 0.1, 'points'),
  ];
}

/** The version's folder, trained when it is not there yet with no option but its data. */
export async function trainedVersion(data: string): Promise<string> {
  const model = join(DIGINETICA, 'navigation');
  if (!existsSync(join(model, 'current.json'))) {
    process.stderr.write('  training on Diginetica, once: a quarter of an hour\n');
    await trainNavigation({ data, out: DIGINETICA });
  }
  return join(model, await currentVersion(model));
}

async function readLines(path: string): Promise<string[]> {
  return gunzipSync(await readFile(path))
    .toString('utf8')
    .trim()
    .split('\n');
}

function stepsOf(lines: readonly string[]): Step[] {
  return lines.flatMap((line) => {
    const session = line.trim().split(/\s+/);
    return session.slice(1).map((target, i) => ({ history: session.slice(0, i + 1), target }));
  });
}

async function readLayers(folder: string): Promise<LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(
    await readFile(join(folder, ARTIFACT.layersModel), 'utf8'),
  ) as {
    modelTopology: object;
    weightsManifest: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
  }; // tfjs's form
  const shards = weightsManifest.flatMap(({ paths }) => paths.map((path) => readFile(join(folder, path))));
  const weightData = new Uint8Array(Buffer.concat(await Promise.all(shards))).buffer;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}

/** The best ids of each history, which is padded on the left. */
function layersTops(layers: LayersModel, ids: readonly (readonly number[])[], steps: number): number[][] {
  return tf.tidy(() => {
    const padded = ids.map((history) => [...Array(steps - history.length).fill(0), ...history]);
    const output = layers.predict(tf.tensor2d(padded, [ids.length, steps], 'int32'));
    if (Array.isArray(output)) throw new Error('one output is expected');
    const probabilities = output.dataSync();
    const size = probabilities.length / ids.length;
    return ids.map((_, row) => largest(probabilities.subarray(row * size, (row + 1) * size), TOP));
  });
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { predictResponseSchema } from '@pathcast/models/api';
import { type Manifest, manifestSchema } from '@pathcast/models/manifest';
import { parseVocabulary, type Vocabulary } from '@pathcast/models/vocabulary';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

/** A batch of the HTTP contract. */
const BATCH = 256;

interface PageProbability {
  readonly page: string;
  readonly probability: number;
}

/** Asks a running Worker for the next pages of every history, in batches. @throws Error when an answer is not one. */
export async function askWorker(
  url: string,
  model: string,
  histories: readonly (readonly string[])[],
  options: { top: number; part?: string },
): Promise<PageProbability[][]> {
  const answers: PageProbability[][] = [];
  for (let start = 0; start < histories.length; start += BATCH) {
    const instances = histories.slice(start, start + BATCH).map((history) => ({ history }));
    const response = await fetch(`${url}/v1/models/${model}:predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ instances, ...options }),
    });
    if (!response.ok) throw new Error(`the Worker answered ${response.status}: ${await response.text()}`);
    const { predictions } = predictResponseSchema.parse(await response.json());
    for (const prediction of predictions) {
      if (!('next' in prediction)) throw new Error('the Worker labelled a history');
      answers.push(
        prediction.next.map((next) => {
          if (!('page' in next)) throw new Error('the Worker ranked characters');
          return next;
        }),
      );
    }
  }
  return answers;
}

export async function readManifest(folder: string): Promise<Manifest> {
  return manifestSchema.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
}

/**
 * How many of the Worker's top 20 of `recurrent` are in the top 20 of the exported layers model, which is loaded over HTTP
 * with plain `tf.loadLayersModel`: a share, 0 to 1.
 */
export async function overlapWithLayers(
  url: string,
  folder: string,
  histories: readonly (readonly string[])[],
): Promise<number> {
  const { name, version, spec } = await readManifest(folder);
  const vocabulary = parseVocabulary(await readFile(join(folder, 'vocabulary.txt'), 'utf8'));
  const layers = await loadLayersModel(`${url}/v1/models/${name}/versions/${version}/model.json`);
  const answers = await askWorker(url, name, histories, { top: 20, part: 'recurrent' });
  let shared = 0;
  for (const [i, history] of histories.entries()) {
    const ids = history.slice(-spec.steps).map((page) => vocabulary.encode(page));
    const best = layersTop(layers, ids, vocabulary);
    shared += (answers[i] ?? []).filter(({ page }) => best.has(page)).length;
  }
  layers.dispose();
  return shared / (histories.length * 20);
}

function layersTop(
  layers: Awaited<ReturnType<typeof loadLayersModel>>,
  ids: readonly number[],
  vocabulary: Vocabulary,
): Set<string> {
  const top = tf.tidy(() => {
    const probabilities = layers.predict(tf.tensor2d([...ids], [1, ids.length], 'int32'));
    if (Array.isArray(probabilities)) throw new Error('one output is expected');
    return tf.topk(probabilities, 20).indices.dataSync();
  });
  return new Set(Array.from(top, (id) => vocabulary.decode(id) ?? ''));
}

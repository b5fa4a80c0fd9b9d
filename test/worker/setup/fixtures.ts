import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { pointerSchema } from '@pathcast/models/artifacts';
import { CELLS, type ModelSpec } from '@pathcast/models/spec';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { writeVersion } from '@pathcast/train/export/version';
import * as tf from '@tensorflow/tfjs-core';
import type { TestProject } from 'vitest/node';
import { layersProbabilities, loadExported } from '../../support/layers.ts';
import { randomModel } from '../../support/models.ts';
import type { Fixture, OracleCase } from '../fixture.ts';

const TABLES: Record<string, Partial<ModelSpec>> = {
  onehot: { input: { type: 'one-hot' }, output: 'dense', normalised: false },
  embedding: { input: { type: 'embedding', units: 12 }, output: 'dense', normalised: false },
  tied: { input: { type: 'embedding', units: 16 }, output: 'tied', normalised: true },
  stacked: { layers: 2, input: { type: 'embedding', units: 12 }, output: 'dense', normalised: false },
};

const CASES = 10;

/** Writes random models with the exports, asks plain tfjs about them, and hands both to the tests. */
export default async function setup(project: TestProject): Promise<void> {
  tf.env().set('IS_TEST', true); // else tfjs advises to install another backend
  const out = await mkdtemp(join(tmpdir(), 'pathcast-test-'));
  try {
    const models: Fixture[] = [];
    for (const task of ['next', 'label'] as const) {
      const labels = task === 'label' ? { labels: 'next' as const } : {};
      for (const cell of CELLS) {
        for (const [table, spec] of Object.entries(TABLES)) {
          models.push(
            await makeFixture(
              out,
              `${task}-${cell}-${table}`,
              randomModel({ task, cell, ...spec, ...labels }),
            ),
          );
        }
      }
    }
    const versions = [
      await makeFixture(out, 'pages', randomModel({}, 1)),
      await makeFixture(out, 'pages', randomModel({}, 2)),
    ];
    const own = randomModel({ task: 'label', labels: 'own', output: 'dense', normalised: false });
    models.push(await makeFixture(out, 'label-own', own));
    project.provide('models', models);
    project.provide('versions', versions);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

async function makeFixture(out: string, name: string, model: TrainedModel): Promise<Fixture> {
  const folder = await writeVersion(out, model, {
    name,
    config: { seed: 1 },
    data: { format: 'random', sessions: 1, events: 2, tokens: 40, testSessions: 0 },
    metrics: null,
    backend: 'none',
  });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const file = join(parentPath, name);
        const bytes = new Uint8Array(await readFile(file));
        return { path: relative(folder, file), bytes, public: true };
      }),
  );
  const pointer: unknown = JSON.parse(await readFile(join(folder, '../current.json'), 'utf8'));
  return {
    name,
    version: basename(folder),
    spec: model.spec,
    pointer: pointerSchema.parse(pointer),
    files: files.map(({ path, bytes }) => ({ path, base64: Buffer.from(bytes).toString('base64') })),
    oracle: await askOracle(model, files),
  };
}

/** Plain `loadLayersModel` over the written files, with inputs of 1 to `steps` tokens, some of them unknown. */
async function askOracle(
  { spec, vocabulary }: TrainedModel,
  files: Parameters<typeof loadExported>[0],
): Promise<OracleCase[]> {
  const layers = await loadExported(files);
  const cases = Array.from({ length: CASES }, (_, row) => {
    const ids = Array.from({ length: 1 + (row % spec.steps) }, (_, i) => 1 + ((row * 7 + i * 5) % 41));
    const probabilities = layersProbabilities(layers, [ids]);
    const answered = spec.task === 'next' ? probabilities.slice(-1) : probabilities;
    return {
      input: ids.map((id) => vocabulary.decode(id) ?? '€'),
      steps: answered.map((row) =>
        [...row.keys()]
          .sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0))
          .slice(0, 20)
          .map((id) => ({ token: vocabulary.decode(id) ?? '', probability: row[id] ?? 0 })),
      ),
    };
  });
  layers.dispose();
  return cases;
}

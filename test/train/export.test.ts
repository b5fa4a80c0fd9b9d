import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pointerSchema } from '@pathcast/models/artifacts';
import { headTokensSchema, manifestSchema } from '@pathcast/models/manifest';
import { CELLS } from '@pathcast/models/spec';
import { artifactFiles, sha256 } from '@pathcast/train/export/files';
import { float16Bytes } from '@pathcast/train/export/float16';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { writeVersion } from '@pathcast/train/export/version';
import * as tf from '@tensorflow/tfjs-core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { exportLayers, layersProbabilities, loadExported } from '../support/layers.ts';
import { randomModel } from '../support/models.ts';

const RUN = {
  name: 'navigation',
  backend: 'wasm',
  config: { epochs: 1 },
  data: { format: 'sessions', sessions: 2, events: 5, tokens: 40, testSessions: 0 },
  metrics: null,
};

async function filesOf(model: TrainedModel) {
  const files = [];
  for await (const file of artifactFiles(model)) files.push(file);
  return files;
}

describe('float16 weights', () => {
  it('are what tfjs itself reads back, to half precision', () => {
    const float = fc.float({ noNaN: true, min: -65504, max: 65504 });
    fc.assert(
      fc.property(fc.array(float, { minLength: 1, maxLength: 50 }), (values) => {
        const bytes = Uint8Array.from(float16Bytes(Float32Array.from(values))).buffer;
        const quantization = { dtype: 'float16' as const, original_dtype: 'float32' as const };
        const spec = { name: 'w', shape: [values.length], dtype: 'float32' as const, quantization };
        const read = tf.io.decodeWeights(bytes, [spec]).w?.dataSync() ?? [];
        for (const [i, value] of values.entries()) {
          const error = Math.abs((read[i] ?? Number.NaN) - value);
          expect(error).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -11, 2 ** -25));
        }
      }),
    );
  });

  it('round to even halfway between two values, and clamp beyond the largest', () => {
    const bytes = float16Bytes(Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1e9, -1e4, 2 ** -24));
    expect([...new Uint16Array(bytes.buffer)]).toEqual([0x3c00, 0x3c02, 0x7bff, 0xf0e2, 0x0001]);
  });
});

describe('the exported layers model', () => {
  it('has the weights themselves, of more units than are collected in one pass', async () => {
    for (const hiddenUnits of [15, 16, 17, 33]) {
      const input = { type: 'embedding', units: 5 } as const;
      const model = randomModel({ hiddenUnits, input, output: 'dense', normalised: false });
      const layers = await exportLayers(model);
      const [kernel] = layers.getLayer('logits').getWeights();
      const V = model.spec.vocabularySize;
      const rows = model.weights.outputRows ?? new Float32Array();
      const columns = Array.from(
        { length: hiddenUnits * V },
        (_, i) => rows[(i % V) * hiddenUnits + Math.floor(i / V)],
      );
      expect(kernel?.shape).toEqual([hiddenUnits, V]);
      expect([...(kernel?.dataSync() ?? [])]).toEqual(columns);
      layers.dispose();
    }
  });
});

describe('a head', () => {
  it.each(CELLS)('is the %s model over its most visited pages', async (cell) => {
    const model = randomModel({ cell });
    const whole = await exportLayers(model);
    const head = await exportLayers(model, { folder: 'heads/10/', rows: 12, dtype: 'float16' });
    const [all = []] = layersProbabilities(whole, [[3, 9, 5]]);
    const [some = []] = layersProbabilities(head, [[3, 9, 5]]);
    const sum = all.slice(0, 12).reduce((total, value) => total + value, 0);
    expect(some).toHaveLength(12);
    for (const [id, probability] of some.entries()) {
      expect(Math.abs(probability - (all[id] ?? 0) / sum)).toBeLessThan(2e-3);
    }
    whole.dispose();
    head.dispose();
  });

  it('names its pages, and comes in three sizes up to the whole catalogue', async () => {
    const files = await filesOf(
      randomModel({ vocabularySize: 1503, hiddenUnits: 4, input: { type: 'embedding', units: 4 } }),
    );
    const names = files.find(({ path }) => path === 'heads/1000/tokens.json');
    const tokens = headTokensSchema.parse(JSON.parse(new TextDecoder().decode(names?.bytes)));
    expect(tokens).toHaveLength(1000);
    const folders = files.map(({ path }) => /^heads\/\d+/.exec(path)?.[0]).filter(Boolean);
    expect([...new Set(folders)]).toEqual(['heads/250', 'heads/1000', 'heads/1501']);
    expect([tokens[0], tokens[999]]).toEqual(['/p2', '/p1001']);
    const model = await loadExported(files, 'heads/1000/');
    expect(model.outputs[0]?.shape).toEqual([null, 1002]);
    model.dispose();
  });
});

describe('a version', () => {
  it('is whole: every file as the manifest says, the pack and the vocabulary not public', async () => {
    const folder = await writeVersion(await temporaryFolder(), randomModel(), RUN);
    const bytes = await readFile(join(folder, 'manifest.json'));
    const manifest = manifestSchema.parse(JSON.parse(bytes.toString()));
    const pointer = pointerSchema.parse(JSON.parse(await readFile(join(folder, '../current.json'), 'utf8')));
    expect(pointer).toEqual({ version: manifest.version, manifestDigest: sha256(bytes) });
    for (const file of manifest.files) {
      const content = await readFile(join(folder, file.path));
      expect([content.length, sha256(content)]).toEqual([file.bytes, file.sha256]);
    }
    const secret = manifest.files.filter((file) => !file.public).map(({ path }) => path);
    expect(secret.sort()).toEqual(['pack.safetensors', 'vocabulary.txt']);
    expect(bytes.toString()).not.toContain(folder.slice(0, 20));
  });

  it('takes the next free second when its own is taken', async () => {
    const out = await temporaryFolder();
    const first = await writeVersion(out, randomModel(), RUN);
    const second = await writeVersion(out, randomModel(), RUN);
    expect(Number(second.slice(-14))).toBeGreaterThan(Number(first.slice(-14)));
  });

  it('leaves nothing half-written when it fails, and the earlier one current', async () => {
    const out = await temporaryFolder();
    const first = await writeVersion(out, randomModel(), RUN);
    const model = randomModel();
    const broken = { ...model, weights: { ...model.weights, cells: [] } };
    await expect(writeVersion(out, broken, RUN)).rejects.toThrow();
    await expect(writeVersion(out, model, { ...RUN, data: { ...RUN.data, sessions: -1 } })).rejects.toThrow();
    expect((await readdir(join(out, 'navigation'))).sort()).toEqual(
      [first.slice(-14), 'current.json'].sort(),
    );
    const pointer = pointerSchema.parse(
      JSON.parse(await readFile(join(out, 'navigation/current.json'), 'utf8')),
    );
    expect(pointer.version).toBe(first.slice(-14));
  });

  it('is not written where a file stands in its way', async () => {
    const out = await temporaryFolder();
    await mkdir(join(out, 'x'));
    await writeFile(join(out, 'x/navigation'), 'in the way');
    await expect(writeVersion(join(out, 'x'), randomModel(), RUN)).rejects.toThrow();
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Vocabulary } from '@pathcast/models/vocabulary';
import { loadBackend } from '@pathcast/train/backends/backend';
import { Sessions } from '@pathcast/train/data/sessions/sessions';
import { readVersion } from '@pathcast/train/export/read-version';
import { writeVersion } from '@pathcast/train/export/version';
import { warmStart } from '@pathcast/train/fit/warm-start';
import { newerThan } from '@pathcast/train/recipes/earlier';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { randomModel, SPECS } from '../support/models.ts';
import { openVersion, siteFolder, train } from '../support/trained.ts';

const RUN = {
  name: 'navigation',
  config: {},
  data: { format: 'random', sessions: 1, events: 2, tokens: 40, testSessions: 0 },
  metrics: null,
  backend: 'none',
};

beforeAll(async () => {
  await loadBackend('wasm'); // the exported graph is tfjs's own
});

describe('an earlier version', () => {
  it.each(SPECS)('gives back its weights in full precision: $title', async ({ spec }) => {
    const model = randomModel(spec);
    const folder = await writeVersion(await temporaryFolder(), model, RUN);
    const { weights, vocabulary, manifest } = await readVersion(folder);
    expect(manifest.spec).toEqual(model.spec);
    expect(vocabulary.tokens).toEqual(model.vocabulary.tokens);
    const { outputRows, ...rest } = weights;
    const { outputRows: expected, ...others } = model.weights;
    expect(rest).toEqual(others);
    if (!spec.normalised) expect(outputRows).toEqual(expected);
    else if (expected && outputRows) {
      // A normalised model stores the directions of its rows alone.
      const cosine = cosineOf(outputRows.subarray(0, 16), expected.subarray(0, 16));
      expect(cosine).toBeCloseTo(1, 5);
    }
  });

  it('is refused when one of its shards is not the one that its manifest names', async () => {
    const folder = await writeVersion(await temporaryFolder(), randomModel(), RUN);
    const shard = join(folder, 'group1-shard1.bin');
    const bytes = await readFile(shard);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(shard, bytes);
    await expect(readVersion(folder)).rejects.toThrow(
      /group1-shard1\.bin: not the file that its manifest names/,
    );
  });
});

describe('a warm start', () => {
  const { spec, weights } = randomModel({ vocabularySize: 5 });
  const earlier = { spec, weights, vocabulary: new Vocabulary(['/a', '/b', '/c']) };
  const row = (rows: Float32Array, id: number) => Array.from(rows.subarray(id * 16, (id + 1) * 16));

  it('takes each page’s row by its name, and the unknown token’s for a new one', () => {
    const vocabulary = new Vocabulary(['/c', '/new', '/a', '/b']);
    const warm = warmStart({ ...spec, vocabularySize: 6 }, vocabulary, earlier);
    expect(row(warm.inputRows, 2)).toEqual(row(weights.inputRows, 4));
    expect(row(warm.inputRows, 3)).toEqual(row(weights.inputRows, 1));
    expect(row(warm.inputRows, 4)).toEqual(row(weights.inputRows, 2));
    expect(Array.from(warm.outputBias)).toEqual([0, 1, 4, 4, 2, 3].map((id) => weights.outputBias[id]));
    expect(warm.cells).toEqual(weights.cells);
  });

  it('leaves out pages that are gone', () => {
    const warm = warmStart({ ...spec, vocabularySize: 3 }, new Vocabulary(['/b']), earlier);
    expect(warm.inputRows).toHaveLength(3 * 16);
    expect(row(warm.inputRows, 2)).toEqual(row(weights.inputRows, 3));
  });

  it('refuses another shape, naming the field', () => {
    const start = () => warmStart({ ...spec, cell: 'lstm' }, earlier.vocabulary, earlier);
    expect(start).toThrow('--from: that model has cell gru, this run asks for lstm');
  });

  it('holds out only sessions that the earlier model did not see', () => {
    const held = new Sessions({
      pages: ['/a', '/b'],
      events: Uint32Array.of(0, 1, 1, 0),
      offsets: Uint32Array.of(0, 2, 4),
      starts: Float64Array.of(100, 200),
    });
    const model = { ...earlier, version: '20261123181500', untilS: 150 };
    expect([...newerThan(model, held)]).toEqual([['/b', '/a']]);
    expect(() => newerThan({ ...model, untilS: 200 }, held)).toThrow(/no session is newer/);
    expect(newerThan({ ...model, untilS: undefined }, held)).toBe(held);
  });
});

describe('training from an earlier version', () => {
  it('takes new pages in, in a fraction of the epochs', async () => {
    const folder = await siteFolder();
    const args = ['navigation', '--data', 'log.txt', '--out', 'out', '--backend', 'wasm'];
    const first = await openVersion((await train([...args, '--epochs', '30'], folder)).stdout);
    const more = Array.from({ length: 30 }, () => '/c /hub /z /c /hub /z /c /hub /z').join('\n');
    await writeFile(join(folder, 'more.txt'), `${await readFile(join(folder, 'log.txt'), 'utf8')}\n${more}`);
    const again = [
      'navigation',
      '--data',
      'more.txt',
      '--out',
      'out',
      '--backend',
      'wasm',
      '--split',
      'random',
    ];
    const { stdout } = await train([...again, '--from', basename(first.folder), '--epochs', '8'], folder);
    expect(stdout).toContain(`from      version ${basename(first.folder)}, 5 pages`);
    const second = await openVersion(stdout);
    expect(second.manifest.data.tokens).toBe(7);
    const best = (history: string[]) => second.predictor.next(history, { top: 1 })[0]?.page;
    expect([best(['/a', '/hub']), best(['/b', '/hub']), best(['/c', '/hub'])]).toEqual(['/x', '/y', '/z']);
  });

  it('refuses a version that is not there in one sentence', async () => {
    const folder = await siteFolder();
    const args = ['navigation', '--data', 'log.txt', '--out', 'out', '--backend', 'wasm', '--from'];
    const { code, stderr } = await train([...args, '20200101000000'], folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pathcast: .*20200101000000\/manifest\.json: no such file\n$/);
    expect((await train([...args, 'yesterday'], folder)).stderr).toBe(
      'pathcast: --from: must be current or a version of 14 digits\n',
    );
  });
});

function cosineOf(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

import { spawn } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CELLS } from '@pathcast/models/spec';
import { describe, expect, it } from 'vitest';
import { runScript } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openVersion, siteFolder, train } from '../support/trained.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('npm run train -- hihello', () => {
  it.each(CELLS.flatMap((cell) => ['default', 'tutorial'].map((recipe) => ({ cell, recipe }))))(
    'turns hihell into ihello with a $cell cell and the $recipe recipe',
    async ({ cell, recipe }) => {
      const out = await temporaryFolder();
      const { code, stdout } = await train(['hihello', '--cell', cell, '--recipe', recipe, '--out', out]);
      expect(code).toBe(0);
      expect(stdout.match(/iteration +\d+00 {2}loss \d/g)).toHaveLength(10);
      expect(stdout).toMatch(/iteration {2}1000 {2}loss 0\.000\d+ {2}predicted ihello/);
      const { predictor, manifest } = await openVersion(stdout);
      expect(
        predictor
          .label('hihell', { top: 1 })
          .map(({ label }) => label)
          .join(''),
      ).toBe('ihello');
      expect(manifest.config).toMatchObject({ cell, recipe, seed: 1 });
    },
  );
});

it('writes its model although nobody reads on', async () => {
  const out = await temporaryFolder();
  const args = ['--import', 'tsx', 'train/src/main.ts', 'hihello', '--iterations', '1', '--out', out];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.once('data', () => child.stdout.destroy());
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  expect(await new Promise((ended) => child.on('close', ended))).toBe(0);
  expect(stderr).toBe('');
  expect(await readdir(join(out, 'hihello'))).toContain('current.json');
});

describe('npm run train -- navigation', () => {
  it('learns habits of second order, beats Markov and writes what it says', async () => {
    const folder = await siteFolder();
    const args = [
      'navigation',
      '--data',
      'log.txt',
      '--out',
      'out',
      '--epochs',
      '40',
      '--hidden-units',
      '16',
    ];
    const { code, stdout } = await train([...args, '--learning-rate', '0.01'], folder);
    expect(code).toBe(0);
    const { predictor, manifest } = await openVersion(stdout);
    expect(predictor.next(['/a', '/hub'], { top: 1 })[0]?.page).toBe('/x');
    expect(predictor.next(['/b', '/hub'], { top: 1 })[0]?.page).toBe('/y');
    const { metrics } = manifest;
    expect(metrics?.on).toBe('validation');
    expect(metrics?.model.recallAt1).toBeGreaterThan(metrics?.baselines.markov?.recallAt1 ?? 1);
    expect(manifest.data).toMatchObject({ format: 'sessions', sessions: 60, events: 540, tokens: 5 });
  });

  it('gives the same weights for the same seed, and others for another', async () => {
    const folder = await siteFolder();
    const digests = [];
    for (const seed of ['7', '7', '8']) {
      const args = [
        'navigation',
        '--data',
        'log.txt',
        '--out',
        'out',
        '--epochs',
        '1',
        '--hidden-units',
        '8',
      ];
      const { manifest } = await openVersion((await train([...args, '--seed', seed], folder)).stdout);
      digests.push(manifest.files.find(({ path }) => path === 'pack.safetensors')?.sha256);
    }
    expect(digests[0]).toBe(digests[1]);
    expect(digests[0]).not.toBe(digests[2]);
  });

  it('trains stacked cells over one-hot and dense tables alike', async () => {
    const folder = await siteFolder();
    const tables = [
      '--input',
      'one-hot',
      '--output',
      'dense',
      '--no-normalised',
      '--cell',
      'lstm',
      '--layers',
      '2',
    ];
    const args = [
      'navigation',
      '--data',
      'log.txt',
      '--out',
      'out',
      '--epochs',
      '60',
      '--hidden-units',
      '12',
    ];
    const { stdout } = await train([...args, ...tables, '--learning-rate', '0.02'], folder);
    const { predictor } = await openVersion(stdout);
    expect(predictor.spec).toMatchObject({ cell: 'lstm', layers: 2, output: 'dense', normalised: false });
    expect(predictor.next(['/a', '/hub'], { top: 1 })[0]?.page).toBe('/x');
    expect(predictor.next(['/b', '/hub'], { top: 1 })[0]?.page).toBe('/y');
  });

  it('follows the tutorial on index files, and memorises them', async () => {
    const folder = await temporaryFolder();
    const rows = Array.from({ length: 20 }, (_, i) => [i, i + 1, (i * 7) % 30, i + 3, (i * 11) % 30]);
    const numpy = (values: number[]) => values.map((value) => value.toExponential(18)).join(' ');
    const padded = (text: string) => text.replace(/e([+-])(\d)\b/g, 'e$10$2');
    await writeFile(join(folder, 'i_x.txt'), padded(rows.map((row) => numpy(row.slice(0, 4))).join('\n')));
    await writeFile(join(folder, 'i_y.txt'), padded(rows.map((row) => numpy(row.slice(4))).join('\n')));
    const args = [
      'navigation',
      '--recipe',
      'tutorial',
      '--data',
      'i_x.txt',
      '--classes',
      '40',
      '--out',
      'out',
    ];
    const { code, stdout } = await train([...args, '--iterations', '350'], folder);
    expect(code).toBe(0);
    expect(stdout).toContain('16 rows to train, 4 to test, 40 classes');
    expect(stdout).toMatch(/epoch {2}350 {2}cost \S+ {2}accuracy 1\.0000 {2}test accuracy/);
    const { predictor } = await openVersion(stdout);
    const [first = []] = rows;
    expect(predictor.next(first.slice(0, 4).map(String), { top: 1 })[0]?.page).toBe(String(first[4]));
  });
});

describe('npm run evaluate', () => {
  const evaluate = (args: string[], cwd: string) => runScript('train/src/evaluate/main.ts', args, cwd);

  it('gives with the pack what the manifest says of the test file', async () => {
    const folder = await siteFolder();
    await writeFile(join(folder, 'test.txt'), '/a /hub /x /a\n/b /hub /y /hub\n/a /nowhere\n');
    const args = ['navigation', '--data', 'log.txt', '--test', 'test.txt', '--out', 'out', '--epochs', '20'];
    const { manifest } = await openVersion((await train([...args, '--hidden-units', '16'], folder)).stdout);
    const { code, stdout } = await evaluate(
      ['navigation', '--data', 'test.txt', '--artifacts', 'out'],
      folder,
    );
    expect(code).toBe(0);
    expect(stdout).toContain('1 events of pages that it does not know left out');
    expect(stdout).toContain('6 predictions');
    const figures =
      stdout
        .match(/pathcast .*/)?.[0]
        .match(/[\d.]+/g)
        ?.map(Number) ?? [];
    const { recallAt1 = 0, recallAt5 = 0, recallAt20 = 0, mrrAt20 = 0 } = manifest.metrics?.model ?? {};
    for (const [i, share] of [recallAt1, recallAt5, recallAt20, mrrAt20].entries()) {
      expect(Math.abs((figures[i] ?? Number.NaN) - share * 100)).toBeLessThan(0.1);
    }
  });

  it.each([
    [['navigation'], '--data is missing'],
    [['navigation', '--data', 'log.txt'], 'train the model first'],
    [['../x', '--data', 'log.txt'], 'NAME: must be 1 to 64'],
    [['navigation', '--data', 'log.txt', '--version', '20200101000000'], 'pack.safetensors: no such file'],
  ])('%j gets one sentence', async (args, message) => {
    const { code, stderr } = await evaluate([...args, '--artifacts', 'none'], await temporaryFolder());
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pathcast: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

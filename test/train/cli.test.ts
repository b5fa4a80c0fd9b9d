import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { manifestSchema } from '@pathcast/models/manifest';
import { openPack } from '@pathcast/models/pack/pack';
import { createPredictor } from '@pathcast/models/predictor/predictor';
import { CELLS } from '@pathcast/models/spec';
import { publishVersion } from '@pathcast/train/publish/publish';
import { Miniflare } from 'miniflare';
import { describe, expect, it } from 'vitest';
import { interruptScript, runScript } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';

const train = (args: string[], cwd?: string) => runScript('train/src/main.ts', args, cwd);

/** A site whose next page depends on the page before the last: a Markov chain can do no better than chance. */
const SECOND_ORDER = Array.from({ length: 60 }, (_, i) =>
  i % 2 === 0 ? '/a /hub /x /a /hub /x /a /hub /x' : '/b /hub /y /b /hub /y /b /hub /y',
).join('\n');

async function openVersion(stdout: string) {
  const folder = stdout.trim().split('\n').at(-1) ?? '';
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  const pack = openPack(new Uint8Array(await readFile(join(folder, 'pack.safetensors'))));
  return { folder, manifest, predictor: createPredictor(pack) };
}

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

describe('npm run train -- navigation', () => {
  it('learns habits of second order, beats Markov and writes what it says', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'log.txt'), SECOND_ORDER);
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
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'log.txt'), SECOND_ORDER);
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
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'log.txt'), SECOND_ORDER);
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
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'log.txt'), SECOND_ORDER);
    await writeFile(join(folder, 'test.txt'), '/a /hub /x /a\n/b /hub /y /hub\n/a /nowhere\n');
    const args = ['navigation', '--data', 'log.txt', '--test', 'test.txt', '--out', 'out', '--epochs', '20'];
    const { manifest } = await openVersion((await train([...args, '--hidden-units', '16'], folder)).stdout);
    const { code, stdout } = await evaluate(
      ['navigation', '--data', 'test.txt', '--artifacts', 'out'],
      folder,
    );
    expect(code).toBe(0);
    expect(stdout).toContain('1 steps to unknown pages left out');
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

describe('bad input', () => {
  it.each([
    [['navigatoin'], 'there is no model "navigatoin"; there are hihello, navigation, sample'],
    [['hihello', '--sell', 'gru'], 'there is no option --sell; the options are --cell'],
    [['hihello', '--cell', 'lstn'], '--cell: '],
    [['hihello', '--iterations', '-1'], "Option '--iterations' argument is ambiguous"],
    [['hihello', 'extra'], '"extra" is one word too many'],
    [['hihello', '--name', '../x'], '--name: must be 1 to 64 lower-case letters'],
    [['hihello', '--backend', 'cuda'], 'the package @tensorflow/tfjs-node-gpu is not installed'],
    [['navigation'], '--data is missing'],
    [['navigation', '--data', 'none.txt'], 'none.txt: no such file'],
    [['navigation', '--data', 'one.txt'], 'its 1 sessions have one page each'],
    [['navigation', '--data', 'latin.txt'], 'latin.txt, line 1: not UTF-8 text'],
    [['navigation', '--data', 'log.txt', '--format', 'parquet'], '--format: '],
    [['navigation', '--data', 'log.txt', '--format', 'index'], 'line 1: "/a" is not a page index'],
    [['navigation', '--data', 'log.txt', '--recipe', 'tutorial'], '--recipe tutorial reads index files'],
    [['navigation', '--data', 'log.txt', '--input', 'one-hot'], 'tied output needs an embedding input'],
    [
      ['navigation', '--data', 'i_x.txt', '--recipe', 'tutorial', '--cell', 'simple'],
      '--cell does not go with --recipe',
    ],
    [
      ['navigation', '--data', 'i_x.txt', '--recipe', 'tutorial', '--test', 'log.txt'],
      '--test does not go with --recipe',
    ],
    [['navigation', '--data', 'i_x.txt', '--recipe', 'tutorial'], 'needs two rows or more'],
    [['hihello', '--out', 'log.txt'], 'log.txt is a file, not a folder'],
    [['hihello', '--out', 'log.txt/deeper'], 'log.txt is a file, not a folder'],
    [['hihello', '--seed', ''], '--seed is empty'],
    [['navigation', '--data', 'log.txt', '--test', 'other.txt', '--epochs', '1'], 'nothing to score'],
  ])('%j gets one sentence, exit code 1, and writes nothing', async (args, message) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'log.txt'), '/a /b /c\n/a /b\n');
    await writeFile(join(folder, 'one.txt'), '/a\n');
    await writeFile(join(folder, 'other.txt'), '/q /r\n');
    await writeFile(join(folder, 'i_x.txt'), '1.0e+00 2.0e+00\n');
    await writeFile(join(folder, 'i_y.txt'), '3.0e+00\n');
    await writeFile(join(folder, 'latin.txt'), Uint8Array.of(0x2f, 0xe9, 0x20, 0x2f, 0x62, 0x0a));
    const { code, stderr } = await train(args.includes('--out') ? args : [...args, '--out', 'out'], folder);
    expect(code).toBe(1);
    const lines = stderr.split('\n').filter((line) => line.startsWith('pathcast: '));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(message);
    expect(stderr).not.toContain('    at ');
    const given = ['i_x.txt', 'i_y.txt', 'latin.txt', 'log.txt', 'one.txt', 'other.txt'];
    expect((await readdir(folder)).sort()).toEqual(given);
    expect(await readFile(join(folder, 'log.txt'), 'utf8')).toBe('/a /b /c\n/a /b\n');
  });
});

describe('an interrupted run', () => {
  it('ends at once on SIGINT, with the exit code of one, and leaves nothing', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'log.txt'), SECOND_ORDER);
    const args = ['navigation', '--data', 'log.txt', '--out', 'out', '--epochs', '1000'];
    const { code, signal } = await interruptScript('train/src/main.ts', args, folder, 'first nine tenths');
    expect([code, signal]).toEqual([130, null]);
    expect(await readdir(folder)).toEqual(['log.txt']);
  });

  it('takes its half-written version away', async () => {
    const folder = await temporaryFolder();
    const script = join(folder, 'interrupted.ts');
    const own = (path: string) => JSON.stringify(resolve(import.meta.dirname, '../../train/src', path));
    await writeFile(
      script,
      `import { mkdirSync, rmSync } from 'node:fs';
       import { handleInterrupts, onInterrupt } from ${own('interrupt.ts')};
       handleInterrupts();
       mkdirSync(${JSON.stringify(join(folder, 'half'))});
       onInterrupt(() => rmSync(${JSON.stringify(join(folder, 'half'))}, { recursive: true }));
       console.log('writing');
       setInterval(() => {}, 1000);`,
    );
    const { code } = await interruptScript(script, [], folder, 'writing');
    expect(code).toBe(130);
    expect(await readdir(folder)).toEqual(['interrupted.ts']);
  });
});

describe('npm run publish', () => {
  it('puts files, manifest and pointer into the local R2, and refuses a changed file', async () => {
    const out = await temporaryFolder();
    const state = await temporaryFolder();
    const { stdout } = await train(['hihello', '--iterations', '1', '--out', out]);
    const { folder, manifest } = await openVersion(stdout);
    await publishVersion(folder, 'local', state);

    const miniflare = new Miniflare({
      modules: true,
      script: 'export default {}',
      r2Buckets: { MODELS: 'pathcast-models' },
      r2Persist: join(state, 'v3', 'r2'),
    });
    try {
      const bucket = await miniflare.getR2Bucket('MODELS');
      const pointer = await (await bucket.get('models/hihello/current.json'))?.json();
      expect(pointer).toMatchObject({ version: manifest.version });
      for (const { path, bytes } of manifest.files) {
        expect((await bucket.head(`models/hihello/${manifest.version}/${path}`))?.size).toBe(bytes);
      }
    } finally {
      await miniflare.dispose();
    }

    const renamed = join(out, 'other', manifest.version);
    await cp(folder, renamed, { recursive: true });
    await expect(publishVersion(renamed, 'local', state)).rejects.toThrow(
      'it is of model hihello, not other',
    );

    await writeFile(join(folder, 'vocabulary.txt'), 'x\n');
    await expect(publishVersion(folder, 'local', state)).rejects.toThrow(
      'not the file that the manifest describes',
    );
  });

  it.each([
    [['../x', '--to', 'local'], 'NAME: must be 1 to 64'],
    [['hihello', '--to', 'moon'], '--to: must be local or r2'],
    [['hihello'], '--to is missing'],
    [['hihello', '--to', 'local', '--version', '12'], '--version: must be 14 digits'],
    [['hihello', '--to', 'local', '--artifacts', 'none'], 'train the model first'],
  ])('%j gets one sentence', async (args, message) => {
    const { code, stderr } = await runScript('train/src/publish/main.ts', args, await temporaryFolder());
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pathcast: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

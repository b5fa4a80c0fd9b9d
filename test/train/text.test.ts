import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { predictResponseSchema } from '@pathcast/models/api';
import { serve } from '@pathcast/worker/scripts/serve';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { seededRandom } from '../support/models.ts';
import { openVersion, train } from '../support/trained.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const SMALL = ['--hidden-units', '32'];

/** Each letter moved on by three places. */
const shifted = (text: string) =>
  text.replace(/[a-z]/g, (letter) => LETTERS[(LETTERS.indexOf(letter) + 3) % 26] ?? '');

/** 400 pairs of random letters, 1 to 12 of them, and the same letters shifted. */
function caesar(): string {
  const random = seededRandom(5);
  return Array.from({ length: 400 }, () => {
    const letters = Array.from(
      { length: 1 + Math.floor(random() * 12) },
      () => LETTERS[Math.floor(random() * 26)],
    );
    return `${letters.join('')}\t${shifted(letters.join(''))}\n`;
  }).join('');
}

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

async function trainOn(content: string, ...args: string[]) {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'texts'), content);
  const finished = await train(['text', '--data', 'texts', '--out', 'out', ...args], folder);
  return { ...finished, folder };
}

const labelled = (steps: readonly { label: string }[]) => steps.map(({ label }) => label).join('');

describe('npm run train -- text', () => {
  it.each([
    ['one lstm', ['--cell', 'lstm']],
    [
      'two stacked gru cells over an embedding',
      ['--layers', '2', '--input', 'embedding', '--embedding-units', '16'],
    ],
  ])('learns a Caesar shift from pairs exactly, with %s', async (_, args) => {
    const { code, stdout } = await trainOn(caesar(), ...SMALL, ...args);
    expect(code).toBe(0);
    const { predictor, manifest } = await openVersion(stdout);
    const text = 'thequickbrownfoxjumpsoverthelazydog';
    expect(labelled(predictor.label(text, { top: 1 }))).toBe(shifted(text));
    expect(() => predictor.nextCharacters('a', { top: 1 })).toThrow('ranks no characters');
    expect(manifest.spec).toMatchObject({ task: 'label', labels: 'own', vocabularySize: 28 });
    expect(manifest.metrics).toMatchObject({ on: 'validation', model: { recallAt1: 1 } });
    expect(manifest.metrics?.baselines.popularity?.recallAt1).toBeLessThan(0.2);
    expect(manifest.data).toMatchObject({ format: 'pairs', sessions: 400, tokens: 26 });
    expect(manifest.config).toMatchObject({ format: 'pairs', cell: args[0] === '--cell' ? 'lstm' : 'gru' });
    expect(stdout).toMatch(/pathcast +0\.0\d\d nats a character, perplexity 1\.0\d/);
  });

  it('learns a short list of lines by heart, and says what follows a prefix', async () => {
    const { code, stdout } = await trainOn(DAYS.map((day) => `${day}\n`).join(''), ...SMALL);
    expect(code).toBe(0);
    const { predictor, manifest } = await openVersion(stdout);
    for (const day of DAYS.filter((day) => !day.startsWith('S'))) {
      // The first letters that set a day apart; what comes before them, several days share.
      const from = day.startsWith('T') ? 2 : 1;
      expect(labelled(predictor.label(day.slice(0, -1), { top: 1 })).slice(from - 1)).toBe(day.slice(from));
    }
    const [a, u] = predictor.nextCharacters('S', { top: 2 });
    expect([a?.character, u?.character].sort()).toEqual(['a', 'u']);
    expect(a?.probability).toBeCloseTo(0.5, 1);
    expect(manifest.spec).toMatchObject({ task: 'label', labels: 'next' });
    expect(manifest.metrics).toMatchObject({ on: 'training' });
  });

  it('stops by the last tenth, then fits all for as many epochs', async () => {
    const { stdout } = await trainOn(`${DAYS.join('\n')}\n`.repeat(30), ...SMALL);
    expect(stdout).toContain('fitting on 189 texts, to stop by the last 21');
    const rounds = [...stdout.matchAll(/epoch +(\d+) {2}loss \d\.\d+ {2}validation (\d\.\d+)/g)];
    const losses = rounds.map(([, , loss]) => Number(loss));
    const epochs = Number(/fitting on all 210 texts for (\d+) epochs/.exec(stdout)?.[1]);
    const best = rounds.find(([, epoch]) => Number(epoch) === epochs);
    // What came after gained less than a thousandth of a nat, and shown losses are rounded.
    expect(Number(best?.[2])).toBeLessThanOrEqual(Math.min(...losses) + 0.0021);
    const { manifest } = await openVersion(stdout);
    expect(manifest.config).toMatchObject({ epochs });
    const { metrics } = manifest;
    expect(metrics?.model.recallAt1).toBeGreaterThan(metrics?.baselines.markov?.recallAt1 ?? 1);
  });

  it('gives the same model for the same seed, and another for another', async () => {
    const digests = [];
    for (const seed of ['7', '7', '8']) {
      const { stdout } = await trainOn('hihello\n', '--epochs', '2', '--seed', seed);
      const { manifest } = await openVersion(stdout);
      digests.push(manifest.files.find(({ path }) => path === 'pack.safetensors')?.sha256);
    }
    expect(digests[0]).toBe(digests[1]);
    expect(digests[0]).not.toBe(digests[2]);
  });

  it.each([
    ['one pair', 'a\tb\n', 'a', 'b'],
    ['one line', 'hihello\n', 'hihell', 'ihello'],
    ['one distinct character', 'aaaa\n', 'aaa', 'aaa'],
    ['a line longer than its windows', `${'abc'.repeat(100)}\n`, 'abcabc', 'bcabca'],
  ])('learns %s', async (_, content, text, labels) => {
    const { code, stdout } = await trainOn(content, ...SMALL, '--steps', '8', '--epochs', '200');
    expect(code).toBe(0);
    const { predictor } = await openVersion(stdout);
    expect(labelled(predictor.label(text, { top: 1 }))).toBe(labels);
  });

  it.each([
    [
      'ab\tcd\nab\tc\n',
      [],
      2,
      /^pathcast: .*texts: 1 of 2 lines cannot be read as pairs .*\n {2}line 2: input and target have 2 and 1/,
    ],
    ['a\n', [], 1, /no line has two characters or more/],
    ['ab\n', ['--layers', '0'], 1, /^pathcast: --layers: /],
    ['ab\n', ['--cell', 'lstn'], 1, /^pathcast: --cell: /],
    ['ab\n', ['--epoch', '3'], 1, /there is no option '?--epoch/],
    [`${'ab\n'.repeat(19)}xy\n`, ['--held-out', '0.05'], 1, /try --held-out 0\n$/],
  ])('refuses %j with %j in one sentence', async (content, args, exitCode, message) => {
    const { code, stderr } = await trainOn(content, ...args);
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
  });

  it('names nothing of this machine in what it writes', async () => {
    const { stdout, folder } = await trainOn('hihello\n', '--epochs', '2');
    const { folder: version } = await openVersion(stdout);
    expect(await readFile(join(version, 'manifest.json'), 'utf8')).not.toContain(folder);
  });
});

describe('the whole path of a text model', () => {
  it('answers over HTTP with labels, and with the characters that follow a prefix', async () => {
    const { stdout, folder } = await trainOn(
      'shugart\nshutter\nshuttle\n',
      ...SMALL,
      '--name',
      'words',
      '--epochs',
      '200',
    );
    const { predictor } = await openVersion(stdout);
    const server = await serve({ artifacts: join(folder, 'out') });
    try {
      const ask = async (body: string) => {
        const response = await fetch(`${server.url}/v1/models/words:predict`, { method: 'POST', body });
        return predictResponseSchema.parse(await response.json()).predictions;
      };
      expect(await ask('{"instances":[{"text":"shuttl"}]}')).toMatchObject([
        { text: labelled(predictor.label('shuttl', { top: 1 })) },
      ]);
      const [prediction] = await ask('{"instances":[{"prefix":"shu","top":5}]}');
      // Node runs another build of the kernel, which rounds the last digits otherwise.
      const next = predictor.nextCharacters('shu', { top: 5 }).map(({ character, probability }) => ({
        character,
        probability: expect.closeTo(probability, 6),
      }));
      expect(prediction).toEqual({ next });
      expect(prediction).toMatchObject({ next: [{ character: 't' }, { character: 'g' }, {}, {}, {}] });
    } finally {
      await server.stop();
    }
  }, 120_000);
});

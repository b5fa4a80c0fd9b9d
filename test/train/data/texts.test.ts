import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Vocabulary } from '@pathcast/models/vocabulary';
import { countCharacters, encodeTexts, vocabularyOfTexts } from '@pathcast/train/data/encode-texts';
import { readTexts } from '@pathcast/train/data/texts';
import { textWindows } from '@pathcast/train/recipes/text-fit';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';

async function read(content: string | Uint8Array, options: Partial<Parameters<typeof readTexts>[1]> = {}) {
  const path = join(await temporaryFolder(), 'texts');
  await writeFile(path, content);
  return readTexts(path, { steps: 256, maxBad: 0, ...options });
}

describe('a file of texts', () => {
  it('is pairs where lines have a tab, each character with its label', async () => {
    const { format, texts } = await read('hihell\tihello\nab\tba\n');
    expect(format).toBe('pairs');
    expect(texts).toEqual([
      { input: 'hihell', target: 'ihello' },
      { input: 'ab', target: 'ba' },
    ]);
  });

  it('is lines elsewhere, each character labelled with the next', async () => {
    const { format, texts, counts } = await read('hihello\n\n  \na\n🙂é\n');
    expect(format).toBe('lines');
    expect(texts).toEqual([
      { input: 'hihell', target: 'ihello' },
      { input: '🙂', target: 'é' },
    ]);
    expect(counts).toEqual({ read: 3, empty: 2, short: 1, bad: 0 });
  });

  it('keeps a tab as a character of lines, when it is told to', async () => {
    const { format, texts } = await read('a\tb\n', { format: 'lines' });
    expect(format).toBe('lines');
    expect(texts).toEqual([{ input: 'a\t', target: '\tb' }]);
  });

  it.each<[string, string | Uint8Array]>([
    ['breaks of CR and LF', 'ab\tcd\r\nef\tgh\r\n'],
    ['a byte order mark', '\uFEFFab\tcd\nef\tgh\n'],
    ['no last break', 'ab\tcd\nef\tgh'],
    ['gzip', gzipSync('ab\tcd\nef\tgh\n')],
  ])('is read with %s', async (_, content) => {
    const { texts } = await read(content);
    expect(texts).toEqual([
      { input: 'ab', target: 'cd' },
      { input: 'ef', target: 'gh' },
    ]);
  });

  it.each<[string, string | Uint8Array, Parameters<typeof read>[1], string]>([
    ['unlike lengths', 'ab\tcd\nabc\tde\n', {}, 'line 2: input and target have 3 and 2 characters'],
    ['a pair without a target', 'ab\tcd\n\nab\n', {}, 'line 3: it has no tab between input and target'],
    ['two tabs', 'ab\tcd\na\tb\tc\n', {}, 'line 2: it has 2 tabs, a pair has one'],
    ['an empty side', 'ab\tcd\na\t\n', {}, 'line 2: input and target have 1 and 0 characters'],
    [
      'a pair that is too long',
      'abc\tcde\n',
      { steps: 2 },
      'line 1: it has 3 characters a side, more than --steps 2',
    ],
    ['another encoding', Buffer.from('ab\ncaf\xe9\n', 'latin1'), {}, 'line 2: it is not UTF-8 text'],
    ['UTF-16', Buffer.from('\uFEFFab\ncd\n', 'utf16le'), {}, 'so it is no UTF-8 text'],
    ['old breaks', 'ab\rcd\ref\n', {}, 'line 1: it holds a carriage return'],
  ])('is refused for %s, naming the line', async (_, content, options, sentence) => {
    const error = await read(content, options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'BadLinesError', exitCode: 2 });
    expect(error).toHaveProperty('message', expect.stringContaining(sentence));
    expect(error).toHaveProperty('message', expect.stringContaining('more than --max-bad 0'));
  });

  it('leaves bad lines out where few are, and names them', async () => {
    const good = 'ab\tcd\n'.repeat(99);
    const { texts, counts, badLines } = await read(`${good}ab\tcde\n`, { maxBad: 1 });
    expect(texts).toHaveLength(99);
    expect(counts.bad).toBe(1);
    expect(badLines).toEqual(['line 100: input and target have 2 and 3 characters']);
  });

  it.each([
    ['', 'it holds no text to learn from'],
    ['\n\n', 'it holds no text to learn from'],
    ['a\nb\n', 'no line has two characters or more, so nothing follows any of them'],
  ])('is refused in one sentence when there is nothing in %j', async (content, sentence) => {
    await expect(read(content)).rejects.toThrow(sentence);
  });

  it('is refused in one sentence when it is missing or a folder', async () => {
    const folder = await temporaryFolder();
    const options = { steps: 8, maxBad: 1 };
    await expect(readTexts(join(folder, 'none'), options)).rejects.toThrow('none: no such file');
    await expect(readTexts(folder, options)).rejects.toThrow('a folder, not a file');
  });
});

describe('texts as token ids', () => {
  const pairs = [
    { input: 'aab', target: 'xyx' },
    { input: 'c', target: 'a' },
  ];

  it('share one vocabulary of inputs and labels, by falling count', () => {
    const vocabulary = vocabularyOfTexts(pairs, 'pairs');
    expect(vocabulary.tokens).toEqual(['a', 'x', 'b', 'y', 'c']);
    expect([...countCharacters(pairs, 'pairs', vocabulary)]).toEqual([3, 2, 1, 1, 1]);
  });

  it('count each character of a line once', () => {
    const lines = [{ input: 'ab', target: 'bb' }];
    const vocabulary = vocabularyOfTexts(lines, 'lines');
    expect(vocabulary.tokens).toEqual(['b', 'a']);
    expect([...countCharacters(lines, 'lines', vocabulary)]).toEqual([2, 1]);
  });

  it('become windows that read the inputs and are scored by the labels, in parts where they are long', () => {
    const vocabulary = new Vocabulary(['a', 'b', 'c', 'x', 'y']); // 2 to 6
    const encoded = encodeTexts([...pairs, { input: '?b', target: 'b?' }], vocabulary);
    const windows = textWindows(encoded, 2);
    const laidOut = Array.from({ length: windows.length }, (_, i) => {
      const { ids, targets, positions } = windows.batch([i]);
      return { ids: [...ids], targets: [...targets], positions: [...positions] };
    });
    expect(laidOut).toEqual([
      { ids: [2, 2], targets: [5, 6], positions: [0, 1] },
      { ids: [3], targets: [5], positions: [0] },
      { ids: [4], targets: [2], positions: [0] },
      { ids: [1, 3], targets: [3], positions: [0] }, // a label outside the vocabulary is not scored
    ]);
  });
});

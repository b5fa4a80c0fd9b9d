import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { countVocabulary } from '@pathcast/models/vocabulary';
import { countEvents, splitLast } from '@pathcast/train/data/dataset';
import { encodeSessions } from '@pathcast/train/data/encode';
import { readDataset } from '@pathcast/train/data/read';
import { sampleSessions } from '@pathcast/train/data/sample-site';
import { evaluateMarkov, stepsOf } from '@pathcast/train/evaluate/baselines';
import { UserError } from '@pathcast/train/user-error';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataFile, needs } from '../support/data.ts';
import { temporaryFolder } from '../support/folder.ts';

async function fileOf(content: string | Uint8Array, name = 'data'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

async function failure(path: string, format?: 'events' | 'sessions' | 'index'): Promise<string> {
  const error = await readDataset(path, format).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  return error instanceof UserError ? error.message.replace(path, 'FILE') : '';
}

const EVENTS = 'SessionId\tItemId\tTime\ns1\ta\t30\ns2\tc\t10\ns1\tb\t20\ns2\td\t40.5\ns3\te\t5\n';

describe('event tables', () => {
  it('become sessions in time order, within and among them', async () => {
    const data = await readDataset(await fileOf(EVENTS));
    expect(data).toEqual({
      format: 'events',
      sessions: [
        ['c', 'd'],
        ['b', 'a'],
      ],
      singlePageSessions: 1,
    });
  });

  it('are read gzipped, with commas, dates, a byte order mark and Windows line ends', async () => {
    const text = '\ufeffsession,page,timestamp\r\n1,/b,2026-01-01T00:00:02Z\r\n1,/a,2026-01-01T00:00:01Z\r\n';
    const data = await readDataset(await fileOf(gzipSync(text)));
    expect(data.sessions).toEqual([['/a', '/b']]);
  });

  it.each([
    [
      'session\titem\ttime\n1\ta\t1\n1\tb\tsoon\n',
      'FILE, line 3: the time is neither a number of seconds nor a date',
    ],
    ['session\titem\ttime\n1\ta\t1\n1\t\t2\n', 'FILE, line 3: the item is missing'],
    ['session\titem\ttime\n\ta\t1\n', 'FILE, line 2: the session is missing'],
    ['session\titem\ttime\n1\ta\rb\t1\n', 'FILE, line 2: the item holds a line break'],
    [
      'session\titem\ttime\n1\ta\tInfinity\n',
      'FILE, line 2: the time is neither a number of seconds nor a date',
    ],
  ])('name the line of a bad field', async (text, message) => {
    expect(await failure(await fileOf(text))).toBe(message);
  });

  it('need their header when the format is given', async () => {
    expect(await failure(await fileOf('1 2 3\n'), 'events')).toContain('FILE, line 1: no header');
  });
});

describe('session files', () => {
  it('have a session a line', async () => {
    const data = await readDataset(await fileOf('/a /b\t/c\n\n/d\n/e /f'));
    expect(data).toEqual({
      format: 'sessions',
      sessions: [
        ['/a', '/b', '/c'],
        ['/e', '/f'],
      ],
      singlePageSessions: 1,
    });
  });

  it('come back whole, whatever their pages are', async () => {
    const page = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\s\ufeff]/u.test(text));
    const sessions = fc.array(fc.array(page, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sessions, async (expected) => {
        const path = await fileOf(expected.map((session) => session.join(' ')).join('\n'));
        expect((await readDataset(path, 'sessions')).sessions).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

describe('index files', () => {
  async function pair(x: string, y: string | undefined): Promise<string> {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'i_x.txt'), x);
    if (y !== undefined) await writeFile(join(folder, 'i_y.txt'), y);
    return join(folder, 'i_x.txt');
  }

  it('are recognised by numpy’s own format and end each row with its target', async () => {
    const path = await pair('1.000000e+00 5.500000e+01\n3.0e+00 4.0e+00\n', '7.0e+00\n1.2e+01\n');
    const data = await readDataset(path);
    expect(data).toMatchObject({
      format: 'index',
      sessions: [
        ['1', '55', '7'],
        ['3', '4', '12'],
      ],
    });
  });

  it.each([
    ['1.0e+00 x\n', '1.0e+00\n', 'line 1: "x" is not a page index'],
    ['1.0e+00 2.5e+00\n', '1.0e+00\n', 'line 1: "2.5e+00" is not a page index'],
    ['1.0e+00\n2.0e+00\n', '1.0e+00\n', 'it has 1 rows, i_x.txt has 2'],
    ['1.0e+00\n', '1.0e+00 3.0e+00\n', 'line 1: one index is expected, there are 2'],
    ['1.0e+00 2.0e+00\n3.0e+00\n', '1.0e+00\n1.0e+00\n', 'line 2: 1 pages, the rows before it have 2'],
  ])('name what is wrong, and are told by the file beside them', async (x, y, message) => {
    expect(await failure(await pair(x, y))).toContain(message);
  });

  it('need their targets beside them', async () => {
    expect(await failure(await pair('1.0e+00\n', undefined))).toContain('i_y.txt: no such file');
  });
});

describe('a file of another kind', () => {
  const line = '10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 203 "-" "Mozilla/5.0"\n';
  it.each([
    ['an access log', line],
    ['JSON', '{"session":1,"page":"/a"}\n'],
    ['JSON', '[{"session":1}]\n'],
    ['SPMF sequences', '1 -1 2 -1 3 -1 -2\n'],
    ['a table without all the columns of events', 'user_id,product,when\n1,2,2014-04-07 10:00\n'],
    ['a table without all the columns of events', 'page\tsession\n/a\t1\n'],
  ])('is refused, so that no field of it is published as a page: %s', async (name, text) => {
    expect(await failure(await fileOf(text))).toContain(`FILE: it looks like ${name}; `);
    expect((await readDataset(await fileOf(`${text}/a /b\n`), 'sessions')).format).toBe('sessions');
  });

  it('is not seen in sessions of names', async () => {
    expect((await readDataset(await fileOf('apple\tpear\tplum\n'))).sessions).toEqual([
      ['apple', 'pear', 'plum'],
    ]);
    expect((await readDataset(await fileOf('/a,b /c;d\n'))).sessions).toEqual([['/a,b', '/c;d']]);
  });
});

describe('a file that cannot be learnt from', () => {
  it.each([
    ['empty', '', 'no session of two pages or more to learn from; it holds none'],
    ['of single pages', '/a\n/b\n', 'its 2 sessions have one page each'],
    [
      'not UTF-8',
      Uint8Array.of(0x61, 0x20, 0x62, 0x0a, 0x61, 0x20, 0xff, 0x0a),
      'FILE, line 2: not UTF-8 text',
    ],
    ['a cut-off gzip', gzipSync('/a /b\n'.repeat(9999)).subarray(0, 60), 'FILE: the gzip data is cut off'],
    ['a damaged gzip', gzipSync('/a /b\n').fill(7, 12, 14), 'FILE: the gzip data is damaged'],
  ])('is refused in one sentence: %s', async (_, content, message) => {
    expect(await failure(await fileOf(content))).toContain(message);
  });

  it('is refused when missing, a folder, or not readable', async () => {
    const folder = await temporaryFolder();
    expect(await failure(join(folder, 'none'))).toBe('FILE: no such file');
    expect(await failure(folder)).toBe('FILE: a folder, not a file');
    const secret = await fileOf('/a /b\n');
    await chmod(secret, 0);
    // Root reads everything, so there is nothing to refuse.
    if (process.getuid?.() !== 0) expect(await failure(secret)).toBe('FILE: no permission to read it');
  });
});

describe('a split', () => {
  it('holds the last sessions out, at least one on either side', () => {
    const sessions = [['a'], ['b'], ['c'], ['d']];
    expect(splitLast(sessions, 0.5).validation).toEqual([['c'], ['d']]);
    expect(splitLast(sessions, 0.001).validation).toEqual([['d']]);
    expect(splitLast(sessions, 1).train).toEqual([['a']]);
    expect(() => splitLast([['a']], 0.1)).toThrow('one session');
  });
});

describe('the sample site', () => {
  it('is the same for a seed, and another for another', () => {
    const make = (seed: number) => sampleSessions({ sessions: 50, seed });
    expect(make(3)).toEqual(make(3));
    expect(make(3)).not.toEqual(make(4));
  });

  it('has a few hundred readable pages and sessions that can be learnt from', () => {
    const sessions = sampleSessions({ sessions: 6000, seed: 1 });
    const pages = new Set(sessions.flat());
    expect(pages.size).toBeGreaterThan(200);
    expect(pages.size).toBeLessThan(500);
    for (const page of pages) expect(page).toMatch(/^\/([a-z-]+(\/[a-z-]+)*)?$/);
    expect(sessions.every((session) => session.length >= 2)).toBe(true);
  });
});

const YOOCHOOSE = dataFile('rsc15-100k/train.tsv.gz');
describe('YooChoose 100k', () => {
  it.skipIf(!YOOCHOOSE)(
    needs('has the published sessions, and Markov’s figures', 'rsc15-100k/train.tsv.gz'),
    async () => {
      const train = await readDataset(YOOCHOOSE ?? '');
      const test = await readDataset(dataFile('rsc15-100k/test.tsv.gz') ?? '');
      expect(train.sessions).toHaveLength(17_794);
      expect(countEvents(train.sessions)).toBe(70_278);
      expect(test.sessions).toHaveLength(3_416);
      expect(countEvents(test.sessions)).toBe(13_568);
      const vocabulary = countVocabulary(train.sessions);
      expect(vocabulary.tokens).toHaveLength(2_933);
      const encoded = encodeSessions(test.sessions, vocabulary);
      const markov = evaluateMarkov(
        encodeSessions(train.sessions, vocabulary),
        stepsOf(encoded),
        vocabulary.size,
      );
      expect(markov.recallAt20).toBeCloseTo(0.563, 3);
      expect(markov.mrrAt20).toBeCloseTo(0.328, 3);
    },
  );
});

const DIGINETICA = dataFile('diginetica/train.txt.gz');
describe('Diginetica', () => {
  it.skipIf(!DIGINETICA)(
    needs('has the published sessions, and Markov’s figures', 'diginetica/train.txt.gz'),
    async () => {
      const train = await readDataset(DIGINETICA ?? '');
      const test = await readDataset(dataFile('diginetica/test.txt.gz') ?? '');
      expect([train.sessions.length, countEvents(train.sessions)]).toEqual([186_670, 906_140]);
      expect([test.sessions.length, countEvents(test.sessions)]).toEqual([15_963, 76_821]);
      const vocabulary = countVocabulary(train.sessions);
      expect(vocabulary.tokens).toHaveLength(43_097);
      const steps = stepsOf(encodeSessions(test.sessions, vocabulary));
      expect(steps).toHaveLength(60_858);
      const markov = evaluateMarkov(encodeSessions(train.sessions, vocabulary), steps, vocabulary.size);
      expect(markov.recallAt20).toBeCloseTo(0.307, 3);
      expect(markov.mrrAt20).toBeCloseTo(0.1075, 3);
    },
  );
});

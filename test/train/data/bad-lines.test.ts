import { spawnSync } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';
import { BadLinesError } from '@pathcast/train/data/requests/bad-lines';
import { describe, expect, it } from 'vitest';
import { ALL_PAGES, failure, fileOf, read } from '../../support/dataset.ts';
import { temporaryFolder } from '../../support/folder.ts';

const GOOD = Array.from({ length: 300 }, (_, i) => `s${i >> 1},/p${i % 7},${i}\n`).join('');
const HEADER = 'session,page,time\n';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const request = (second: number, path: string, address = '192.0.2.1') =>
  `${address} - - [03/Mar/2026:10:00:${String(second).padStart(2, '0')} +0000] "GET ${path} HTTP/1.1" 200 5 "-" "${BROWSER}"\n`;

describe('bad lines', () => {
  it('are counted, shown with their numbers, and left out while they are few', async () => {
    const path = await fileOf(`${HEADER}${GOOD}\nonly one field\ns1,,7\n`);
    const { report } = await read(path);
    expect(report.rows).toEqual({ read: 302, kept: 300, bad: { shape: 1, page: 1 }, dropped: {} });
    expect(report.badLines).toEqual([
      { file: path, number: 303, defect: 'shape', text: 'only one field' },
      { file: path, number: 304, defect: 'page', text: 's1,,7' },
    ]);
    expect(report.sessions.count).toBe(150);
  });

  it('stop the run when they are more than --max-bad, with exit code 2 and three of them', async () => {
    const bad = Array.from({ length: 5 }, (_, i) => `s,/p,soon ${i}\n`).join('');
    const path = await fileOf(`${HEADER}${bad}${GOOD}`);
    const error = await readDataset(defaultDataOptions(path)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BadLinesError);
    expect(error).toMatchObject({ exitCode: 2 });
    expect(await failure(path)).toBe(
      [
        'FILE: 5 of 305 lines cannot be read (1.6 %, more than --max-bad 1)',
        ...[2, 3, 4].map((n) => `  line ${n}: the time is neither a number nor a date: s,/p,soon ${n - 2}`),
      ].join('\n'),
    );
    expect((await read(path, { maxBad: 2 })).report.rows.bad).toEqual({ time: 5 });
  });

  it.each([
    ['1\ta\t1\n1\tb\tsoon\n', 'line 3: the time is neither a number nor a date: 1\tb\tsoon'],
    ['1\ta\t1\n1\tb\tInfinity\n', 'line 3: the time is neither a number nor a date'],
    ['1\ta\t1\n1\tb\tnan\n', 'line 3: the time is neither a number nor a date'],
    ['1\ta\t1\n1\tb\t\n', 'line 3: the time is neither a number nor a date'],
    ['1\ta\t1\n1\t\t2\n', 'line 3: the page is missing'],
    ['\ta\t1\n', 'line 2: the session or visitor is missing'],
    ['1\ta\t1\t9\n', 'line 2: it is not of the format'],
    ['1\t"a\t1\n', 'line 2: it is not of the format'],
  ])('name what is wrong with them: %j', async (rows, message) => {
    expect(await failure(await fileOf(`session\titem\ttime\n${rows}`))).toContain(message);
  });

  it('are the broken quotes alone: no line behind one is lost', async () => {
    const broken = 's0,"/open,5\ns0,"/a"b,6\ns1,/a"b,7\ns1,"/c ""d"", e",8\n';
    const { report, sessions } = await read(await fileOf(`${HEADER}${broken}${GOOD}`));
    expect(report.rows).toMatchObject({ read: 304, kept: 302, bad: { shape: 2 } });
    expect(sessions.find((session) => session.includes('/a"b'))).toContain('/c "d", e');
  });

  it('are those that are not UTF-8, in a file of mixed encodings', async () => {
    const latin = Buffer.from('s1,/caf\xe9,5\n', 'latin1');
    const bytes = Buffer.concat([Buffer.from(`${HEADER}s1,/café,4\n`), latin, Buffer.from(GOOD)]);
    const { report, sessions } = await read(await fileOf(bytes));
    expect(report.rows).toMatchObject({ read: 302, bad: { encoding: 1 } });
    expect(report.badLines).toMatchObject([{ number: 3, defect: 'encoding' }]);
    expect(sessions.flat()).toContain('/café');
  });

  it('are those over 2 MiB; one of 1 MB is read', async () => {
    const long = `/${'x'.repeat(1_000_000)}`;
    const { report, sessions } = await read(
      await fileOf(`${long} /b\n${'/a /b\n'.repeat(200)}/${'y'.repeat(2 ** 21)}\n/c /d\n`),
    );
    expect(report.rows).toMatchObject({ read: 203, bad: { length: 1 } });
    expect(report.badLines).toMatchObject([{ number: 202, defect: 'length' }]);
    expect([sessions[0]?.[0]?.length, sessions.at(-1)]).toEqual([1_000_001, ['/c', '/d']]);
  });

  it('of a log are shown without addresses and user agents', async () => {
    const lines = Array.from({ length: 9 }, (_, i) => request(i, `/p${i % 2}`)).join('');
    const cut = `${request(30, '/x').slice(0, 50)}\n2001:db8::7 jane@mail.example "${BROWSER}"\n`;
    const message = await failure(await fileOf(`${lines}${cut}`), ALL_PAGES);
    expect(message).toContain('line 10: it is not of the format: … - - [03/Mar/2026:10:00:30 +0000] "GET');
    expect(message).toContain('line 11: it is not of the format: … … …');
    expect(message).not.toMatch(/192\.0|2001:db8|jane|Mozilla/);
  });

  it('of JSON and Parquet are counted alike', async () => {
    const good = (s: number) => `{"session":${s},"page":"/a","time":${s}}\n`;
    const json = await fileOf(`${good(1)}${good(1)}{"session":1,"page":\n{"page":"/a","time":1}\n${good(1)}`);
    expect((await read(json, { maxBad: 50 })).report.rows).toMatchObject({
      read: 5,
      bad: { shape: 1, session: 1 },
    });
    const parquet = join(await temporaryFolder(), 'rows.parquet');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(
      `COPY (SELECT * FROM (VALUES (1, '/a', 1), (NULL, '/b', 2), (1, '/b', NULL), (1, '/c', 4)) t(session, page, "time")) TO '${parquet}'`,
    );
    connection.closeSync();
    const { report, sessions } = await read(parquet, { maxBad: 50 });
    expect(report.badLines.map(({ number, defect }) => [number, defect])).toEqual([
      [2, 'session'],
      [3, 'time'],
    ]);
    expect(sessions).toEqual([['/a', '/c']]);
  });

  it('in several files are shown with the file', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.csv'), `${HEADER}${GOOD}`);
    await writeFile(join(folder, 'b.csv.gz'), gzipSync(`${HEADER}${GOOD}x\n`));
    const { report } = await read(folder);
    expect(report.badLines).toEqual([
      { file: join(folder, 'b.csv.gz'), number: 302, defect: 'shape', text: 'x' },
    ]);
  });
});

describe('times', () => {
  it('that go backwards are put in order', async () => {
    const log = [5, 3, 4, 1].map((second) => request(second, `/p${second}`)).join('');
    expect((await read(await fileOf(log), ALL_PAGES)).sessions).toEqual([['/p1', '/p3', '/p4', '/p5']]);
  });

  it('of one second keep the order of lines', async () => {
    const log = ['/c', '/a', '/b'].map((path) => request(7, path)).join('');
    expect((await read(await fileOf(log), ALL_PAGES)).sessions).toEqual([['/c', '/a', '/b']]);
  });
});

describe('data that cannot be learnt from', () => {
  it.each([
    ['empty', '', 'FILE: the file is empty'],
    ['blank', '\n \n\n', 'FILE: the file is empty'],
    ['of single pages', '/a\n/b\n', 'its 2 sessions have one page each'],
    ['of one page', '/a\n', 'its one session has one page'],
    [
      'a table without rows',
      HEADER,
      'FILE: no session of two pages or more to learn from; it holds no page view',
    ],
    [
      'no text',
      Uint8Array.from({ length: 4000 }, (_, i) => (i * 37) % 256),
      'FILE: it is no UTF-8 text, and no Parquet file',
    ],
    ['UTF-16', Buffer.from('\ufeff/a /b\n', 'utf16le'), 'FILE: it is UTF-16 text; convert it first'],
    ['a zip archive', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), 'FILE: it is a zip archive; unpack it first'],
    ['a cut-off gzip', gzipSync('/a /b\n'.repeat(9999)).subarray(0, 60), 'FILE: the gzip data is cut off'],
    ['a gzip cut off late', gzipSync(noise(400_000)).subarray(0, 200_000), 'FILE: the gzip data is cut off'],
    ['a damaged gzip', gzipSync('/a /b\n').fill(7, 12, 14), 'FILE: the gzip data is damaged'],
    [
      'a cut-off zstd',
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 0xe4),
      'FILE: the zstd data is cut off or damaged',
    ],
    [
      'a cut-off Parquet file',
      Buffer.from('PAR1 and no more'),
      'FILE: the Parquet data is cut off or damaged',
    ],
  ])('is refused in one sentence: %s', async (_, content, message) => {
    expect(await failure(await fileOf(content))).toContain(message);
  });

  it.each([
    ['Parquet', 'parquet', ''],
    ['zstandard', 'csv.zst', ', COMPRESSION zstd'],
  ])('is refused in one sentence when it is damaged within: %s', async (_, ending, options) => {
    const path = join(await temporaryFolder(), `damaged.${ending}`);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = `SELECT 's' || i % 5000 AS session, '/p' || i * 7919 % 1000 AS page, i AS "time" FROM range(200000) t(i)`;
    await connection.run(
      `COPY (${rows}) TO '${path}' (FORMAT ${ending.slice(0, 3) === 'csv' ? 'csv' : 'parquet'}${options})`,
    );
    connection.closeSync();
    const bytes = await readFile(path);
    for (const share of [0.3, 0.5, 0.8]) {
      const at = Math.floor(bytes.length * share);
      const damaged = Buffer.from(bytes).fill(0x5a, at, at + 300);
      await writeFile(path, damaged);
      expect(await failure(path, { maxBad: 100 })).toMatch(
        /^FILE(: the zstd data is cut off or damaged| is damaged: [^\n]+)$/,
      );
    }
  });

  it('is refused when missing, a folder of nothing, or not readable', async () => {
    const folder = await temporaryFolder();
    expect(await failure(join(folder, 'none'))).toBe('FILE: no such file');
    expect(await failure(join(folder, '*.log'))).toBe('FILE: no file matches');
    expect(await failure(folder)).toBe('FILE: the folder holds no file');
  });

  it('is refused when it may not be read', async () => {
    const secret = await fileOf('/a /b\n');
    await chmod(secret, 0);
    expect(await failureAsNobody(secret)).toBe('FILE: no permission to read it');
  });

  it.each([
    [
      'a log of an unknown shape',
      '2026-03-03 10:00:00 INFO 192.0.2.1 visited /a\n'.repeat(5),
      'its shape is unknown',
    ],
    ['JSON that is no list of lines', '[\n{"session":1}\n]\n', 'its shape is unknown'],
    [
      'a table without a page',
      'user_id,product,when\n1,2,2014-04-07 10:00\n',
      'has no page and no time column',
    ],
    ['a table without a session', 'page\thits\n/a\t1\n', 'has no session or visitor and no time column'],
  ])('is refused, so that no field of it is published as a page: %s', async (_, text, message) => {
    const refusal = await failure(await fileOf(text));
    expect(refusal).toContain(message);
    expect(refusal).toContain('--columns');
    // Who insists gets every word for a page.
    expect((await read(await fileOf(`${text}/a /b\n`), { format: 'sessions' })).format).toBe('sessions');
  });

  it('shows three lines of what it does not know, and no visitor', async () => {
    const text = Array.from(
      { length: 5 },
      (_, i) => `2026-03-03 10:00:0${i} INFO 192.0.2.${i} went to /a\n`,
    ).join('');
    expect(await failure(await fileOf(text))).toBe(
      [
        "FILE: its shape is unknown; name it with --format (ga4, logpush, access-log, spmf, events, sessions), or an event table's columns with --columns session=…,page=…,time=…",
        ...[0, 1, 2].map((i) => `  line ${i + 1}: 2026-03-03 10:00:0${i} INFO … went to /a`),
      ].join('\n'),
    );
  });

  it('is refused when it is not of the format that was asked for', async () => {
    expect(await failure(await fileOf('/a /b\n'), { format: 'access-log' })).toContain(
      'it does not look like access-log',
    );
    expect(await failure(await fileOf('1 2 3\n'), { format: 'events' })).toContain('FILE, line 1: no header');
    expect(await failure(await fileOf(HEADER), { columns: { page: 'url' } })).toBe(
      'FILE: --columns page=url: there is no such column; there are session, page, time',
    );
  });

  it('is not seen in sessions of names', async () => {
    expect((await read(await fileOf('apple\tpear\tplum\n'))).sessions).toEqual([['apple', 'pear', 'plum']]);
    expect((await read(await fileOf('/a,b /c;d\n'))).sessions).toEqual([['/a,b', '/c;d']]);
  });
});

/** Root reads everything: where that is who we are, a child reads it as nobody. */
async function failureAsNobody(path: string): Promise<string> {
  if (process.getuid?.() !== 0) return failure(path);
  await chmod(dirname(path), 0o755);
  const own = (file: string) => JSON.stringify(resolve(import.meta.dirname, '../../../train/src/data', file));
  const script = join(await temporaryFolder(), 'read.ts');
  await writeFile(
    script,
    `import { readDataset } from ${own('read.ts')};
     import { defaultDataOptions } from ${own('options.ts')};
     process.seteuid(65534);
     readDataset(defaultDataOptions(${JSON.stringify(path)})).catch((error) => console.log(error.message));`,
  );
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', script], {
    encoding: 'utf8',
    cwd: resolve(import.meta.dirname, '../../..'),
  });
  return stdout.trim().replaceAll(path, 'FILE');
}

/** Text that hardly compresses. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48271) % 2147483647;
    return 'abcdefghijklmnopqrstuvwxyz \n/'[state % 29];
  }).join('');
}

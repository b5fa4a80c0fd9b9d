import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { ALL_PAGES, FIXTURES, failure, read } from '../../support/dataset.ts';
import { temporaryFolder } from '../../support/folder.ts';

/** What the log and the tables among the fixtures hold. */
const VISITS = [
  ['/', '/tents'],
  ['/', '/boots'],
  ['/boots', '/cart'],
];
const SESSIONS = [
  ['/a', '/c', '/b'],
  ['/b', '/a'],
];

describe('files', () => {
  it('are read gzipped and zstandard, whatever their names are', async () => {
    const folder = await temporaryFolder();
    const text = await readFile(join(FIXTURES, 'events.csv'));
    const gzip = join(folder, 'a');
    await writeFile(gzip, gzipSync(text));
    expect((await read(gzip)).sessions).toEqual(SESSIONS);
    const zstd = join(folder, 'b');
    await writeFile(zstd, await zstdOf(join(FIXTURES, 'events.csv')));
    expect((await read(zstd)).sessions).toEqual(SESSIONS);
  });

  it('of a folder or a glob are read together, in order of their names', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'logs [new]/deep'), { recursive: true });
    await writeFile(join(folder, 'logs [new]/b.txt.gz'), gzipSync('/c /d\n'));
    await writeFile(join(folder, 'logs [new]/a.txt'), '/a /b\n');
    await writeFile(join(folder, 'logs [new]/deep/c.txt'), '/e /f\n');
    await writeFile(join(folder, 'logs [new]/_SUCCESS'), '');
    await writeFile(join(folder, 'logs [new]/.hidden'), '/x /y\n');
    const all = await read(join(folder, 'logs [new]'));
    expect(all.sessions).toEqual([
      ['/a', '/b'],
      ['/c', '/d'],
      ['/e', '/f'],
    ]);
    expect(all.report.files).toBe(3);
    const some = await read(join(folder, 'logs [[]new]/*.txt*'));
    expect(some.sessions).toEqual([
      ['/a', '/b'],
      ['/c', '/d'],
    ]);
    const one = await read(join(folder, 'logs [new]/a.txt'));
    expect(one.sessions).toEqual([['/a', '/b']]);
  });

  it('of one visit may be split over several logs', async () => {
    const folder = await temporaryFolder();
    const lines = (await readFile(join(FIXTURES, 'combined.log'), 'utf8')).split(/(?<=\n)/);
    await writeFile(join(folder, 'access.log.1'), lines.slice(4).join(''));
    await writeFile(join(folder, 'access.log.2.gz'), gzipSync(lines.slice(0, 4).join('')));
    expect((await read(folder, ALL_PAGES)).sessions).toEqual(VISITS);
  });

  it('may begin with a byte order mark each, have Windows line ends and their header again', async () => {
    const folder = await temporaryFolder();
    const table = (...rows: string[]) => `\ufeff${['session,page,time', ...rows].join('\r\n')}\r\n`;
    await writeFile(join(folder, 'a.csv'), table('1,/a,1', '', 'session,page,time', '1,/b,2'));
    await writeFile(join(folder, 'b.csv'), table('1,/c,3'));
    await writeFile(join(folder, 'c.csv.gz'), gzipSync(table('1,/d,4')));
    const { sessions, report } = await read(folder);
    expect(report.rows).toEqual({ read: 4, kept: 4, bad: {}, dropped: {} });
    expect(sessions).toEqual([['/a', '/b', '/c', '/d']]);
  });

  it('of one format are refused when some name sessions and others visitors', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.csv'), 'session,page,time\n1,/a,1\n');
    await writeFile(join(folder, 'b.csv'), 'user_id,page,time\n1,/a,1\n');
    expect(await failure(folder)).toContain(
      'FILE/b.csv is events (table with commas: visitor user_id, page, time): bring files',
    );
  });

  it('of two kinds are refused, both named', async () => {
    const folder = await temporaryFolder();
    await copyFile(join(FIXTURES, 'combined.log'), join(folder, 'a.log'));
    await copyFile(join(FIXTURES, 'events.csv'), join(folder, 'b.csv'));
    expect(await failure(folder)).toBe(
      'FILE/a.log is access-log (combined log), FILE/b.csv is events (table with commas: session session_id, page, time, agent user_agent): bring files of one kind',
    );
  });
});

/** The file, compressed by another's implementation. */
async function zstdOf(path: string): Promise<Uint8Array> {
  const out = join(await temporaryFolder(), 'out.zst');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(
    `COPY (SELECT * FROM read_csv('${path}', columns = {'line': 'VARCHAR'}, delim = chr(1), quote = '', header = false))
     TO '${out}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01', COMPRESSION zstd)`,
  );
  connection.closeSync();
  return readFile(out);
}

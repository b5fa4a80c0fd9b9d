import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataReport } from '@pathcast/train/data/report';
import { describe, expect, it } from 'vitest';
import { interruptScript } from '../support/cli.ts';
import { FIXTURES, read } from '../support/dataset.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openVersion, train } from '../support/trained.ts';

const LOG = join(FIXTURES, 'combined.log');
const ALL = ['--min-support', '1', '--min-visitors', '1'];

describe('npm run train -- inspect', () => {
  it('shows what was recognised, what was left out and why, and what is left', async () => {
    const { code, stdout, stderr } = await train(['inspect', '--data', LOG, ...ALL]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('format    access-log: combined log');
    expect(stdout).toContain('span      2026-03-03 09:00:00 to 2026-03-03 09:30:41, UTC');
    expect(stdout).toMatch(/read +│ +14 │/);
    expect(stdout).toMatch(/bot +│ +1 │ crawlers and programs, by user agent/);
    expect(stdout).toMatch(/kept +│ +8 │/);
    expect(stdout).toMatch(/repeats +│ +2 │ pages asked for again at once: folded/);
    expect(stdout).toContain('3 sessions, 6 events, 4 pages');
    expect(stdout).toMatch(/ 2 {2}3 {2}█+\n/);
    expect(stdout).toMatch(/\/boots +│ +2 │/);
    expect(stdout).not.toMatch(/192\.0\.2|Mozilla/);
  });

  it('prints the same as JSON', async () => {
    const { stdout } = await train(['inspect', '--data', LOG, '--json', ...ALL]);
    const report: DataReport = JSON.parse(stdout);
    const { report: expected } = await read(LOG, { minSupport: 1, minVisitors: 1 });
    expect(report).toEqual(expected);
    expect(report.settings).toEqual({
      sessionGap: 30,
      foldRepeats: true,
      minSupport: 1,
      minVisitors: 1,
      minLength: 2,
    });
    expect(report.lengths[0]).toEqual({ from: 2, to: 2, sessions: 3 });
  });

  it('takes every option that says how to read', async () => {
    const args = [
      '--format',
      'access-log',
      '--session-gap',
      '1',
      '--no-fold-repeats',
      '--keep-host',
      '--keep-query',
      '*',
    ];
    const { stdout } = await train(['inspect', '--data', LOG, '--json', ...ALL, ...args]);
    const report: DataReport = JSON.parse(stdout);
    expect(report.settings).toMatchObject({ sessionGap: 1, foldRepeats: false });
    expect(report.sessions.repeats).toBe(0);
  });
});

describe('npm run train -- prepare', () => {
  it('writes sessions as Parquet that train reads to the same sessions', async () => {
    const folder = await temporaryFolder();
    const { code, stdout } = await train(
      ['prepare', '--data', LOG, '--out', 'sessions.parquet', ...ALL],
      folder,
    );
    expect([code, stdout]).toEqual([0, `  6 events of sessions\n${join(folder, 'sessions.parquet')}\n`]);
    const prepared = await read(join(folder, 'sessions.parquet'));
    const direct = await read(LOG, { minSupport: 1, minVisitors: 1 });
    expect(prepared.report.description).toBe('Parquet: session, page, time seconds, order step');
    expect(prepared.sessions).toEqual(direct.sessions);
    expect(prepared.report.span).toEqual(direct.report.span);
  });

  it('writes requests that lack nothing but to be cut', async () => {
    const folder = await temporaryFolder();
    await train(['prepare', '--data', LOG, '--to', 'requests', '--out', 'requests.parquet'], folder);
    const requests = await read(join(folder, 'requests.parquet'), { minSupport: 1, minVisitors: 1 });
    expect(requests.report.description).toBe('Parquet: visitor, page, time seconds, order position');
    expect(requests.sessions).toEqual((await read(LOG, { minSupport: 1, minVisitors: 1 })).sessions);
  });

  it('leaves what exists as it is, and nothing half-written', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'there'), 'as it was');
    const taken = await train(['prepare', '--data', LOG, '--out', 'there'], folder);
    expect([taken.code, taken.stderr]).toEqual([
      1,
      `pathcast: --out: ${join(folder, 'there')} exists already\n`,
    ]);
    const failed = await train(['prepare', '--data', 'none', '--out', 'new'], folder);
    expect(failed.code).toBe(1);
    const index = await train(['prepare', '--data', join(FIXTURES, 'index_x.txt'), '--out', 'new'], folder);
    expect(index.stderr).toContain('index files are sessions already');
    const nowhere = await train(['prepare', '--data', LOG, '--out', 'no/such/folder'], folder);
    expect(nowhere.stderr).toMatch(/^pathcast: --out: .*no\/such: no such folder\n$/);
    expect(await readdir(folder)).toEqual(['there']);
    expect(await readFile(join(folder, 'there'), 'utf8')).toBe('as it was');
  });
});

describe('npm run train -- navigation', () => {
  it('trains on an access log, held out as asked, and says what it read', async () => {
    const folder = await temporaryFolder();
    const lines = Array.from({ length: 30 }, (_, v) =>
      ['/', '/a', v % 2 ? '/b' : '/c', '/end'].map(
        (path, i) =>
          `192.0.2.${v} - - [${String(1 + Math.floor(v / 10)).padStart(2, '0')}/Mar/2026:10:${v + 10}:0${i} +0000] "GET ${path} HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"\n`,
      ),
    ).flat();
    await writeFile(join(folder, 'access.log'), lines.join(''));
    const args = ['navigation', '--data', 'access.log', '--split', 'last-day', '--out', 'out'];
    const { code, stdout } = await train([...args, '--epochs', '1', '--hidden-units', '8'], folder);
    expect(code).toBe(0);
    expect(stdout).toContain('data      access-log: 30 sessions, 120 events, 5 pages');
    expect(stdout).toContain("fitting on 20 sessions, to choose on the last day's 10");
    const { manifest } = await openVersion(stdout);
    expect(manifest.data).toMatchObject({ format: 'access-log', sessions: 30 });
    expect(manifest.config).toMatchObject({ split: 'last-day', sessionGap: 30, minVisitors: 5, maxBad: 1 });
    expect(JSON.stringify(manifest)).not.toContain(folder);
  });
});

describe('a run that is interrupted while it reads', () => {
  it('ends at once and takes what spilled away', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'events.csv'), `session,page,time\n${'s,/a,1\n'.repeat(3_000_000)}`);
    await writeFile(
      join(folder, 'read.ts'),
      `import { handleInterrupts } from ${JSON.stringify(join(import.meta.dirname, '../../train/src/interrupt.ts'))};
       import { readDataset } from ${JSON.stringify(join(import.meta.dirname, '../../train/src/data/read.ts'))};
       import { defaultDataOptions } from ${JSON.stringify(join(import.meta.dirname, '../../train/src/data/options.ts'))};
       handleInterrupts();
       setTimeout(() => console.log('reading'), 300);
       void readDataset({ ...defaultDataOptions(${JSON.stringify(join(folder, 'events.csv'))}), spill: ${JSON.stringify(join(folder, 'spill'))} });`,
    );
    const { code } = await interruptScript(join(folder, 'read.ts'), [], folder, 'reading');
    expect(code).toBe(130);
    expect(await readdir(join(folder, 'spill'))).toEqual([]);
  });
});

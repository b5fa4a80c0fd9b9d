import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { ALL_PAGES, FIXTURES, failure, fileOf, read } from '../../support/dataset.ts';
import { temporaryFolder } from '../../support/folder.ts';

/** The visits of every log among the fixtures: worked out by hand, line by line. */
const VISITS = [
  ['/', '/tents'],
  ['/', '/boots'],
  ['/boots', '/cart'],
];

describe('request logs', () => {
  it('in the combined form become visits of pages, each rule counted', async () => {
    const { format, sessions, report } = await read('combined.log', ALL_PAGES);
    expect(format).toBe('access-log');
    expect(sessions).toEqual(VISITS);
    expect(report.description).toBe('combined log');
    expect(report.rows).toEqual({
      read: 14,
      kept: 8,
      bad: {},
      dropped: { asset: 1, bot: 1, redirect: 1, method: 1, error: 1, feed: 1 },
    });
    // 192.0.2.1 comes back after 30 minutes and a second: a new visit. 192.0.2.2 loads its page again after 30 to the second.
    expect(report.sessions).toMatchObject({ repeats: 2, shortVisits: 0, rarePages: 0 });
    expect(report.span).toEqual({ from: '2026-03-03T09:00:00.000Z', to: '2026-03-03T09:30:41.000Z' });
  });

  it('in the common form go by the address alone', async () => {
    const { sessions, report } = await read('common.log', ALL_PAGES);
    expect(report.description).toBe('common log');
    expect(sessions).toEqual(VISITS);
  });

  it('may name the host before the line, and prefetches behind it', async () => {
    const { sessions, report } = await read('vhost.log', ALL_PAGES);
    expect(report.rows.dropped).toMatchObject({ prefetch: 1 });
    // The prefetched cart is not seen, and leaves its visit short.
    expect(sessions).toEqual(VISITS.slice(0, 2));
    const hosts = await read('vhost.log', { ...ALL_PAGES, keepHost: true });
    expect(hosts.sessions[0]).toEqual(['blog.example/', 'shop.example/tents', 'blog.example/tents']);
  });

  it('of Cloudflare Logpush become visits', async () => {
    const { format, sessions, report } = await read('logpush.jsonl', ALL_PAGES);
    expect(format).toBe('logpush');
    expect(sessions).toEqual([
      ['/a', '/c'],
      ['/b', '/a'],
    ]);
    expect(report.rows.dropped).toEqual({ asset: 1, bot: 1, error: 1, method: 1 });
  });

  it('of Google Analytics 4 keep its sessions, and page views alone', async () => {
    const { format, sessions, report } = await read('ga4.jsonl', ALL_PAGES);
    expect(format).toBe('ga4');
    // Two and a half hours apart, but one session; the next one has a single page.
    expect(sessions).toEqual([
      ['/a', '/c'],
      ['/b', '/a'],
    ]);
    expect(report.rows).toMatchObject({ read: 7, kept: 5, dropped: { event: 1, anonymous: 1 } });
    expect(report.settings).toMatchObject({ sessionGap: null, foldRepeats: false });
  });

  it('leave out pages that few visitors saw, unless told otherwise', async () => {
    for (const log of ['combined.log', 'logpush.jsonl', 'ga4.jsonl']) {
      expect(await failure(join(FIXTURES, log))).toMatch(
        /FILE: no session .* rare pages are left out \(--min-support/,
      );
    }
  });
});

/** What every event table among the fixtures holds. */
const SESSIONS = [
  ['/a', '/c', '/b'],
  ['/b', '/a'],
];

describe('event tables', () => {
  it.each([
    ['events.csv', 'table with commas: session session_id, page, time, agent user_agent'],
    ['events.tsv', 'table with tabs: session SessionId, page ItemId, time Time'],
    ['events.jsonl', 'JSON lines: session session.id, page path, time timestamp'],
  ])('are recognised, with their columns: %s', async (file, description) => {
    const { format, sessions, report } = await read(file);
    expect(format).toBe('events');
    expect(report.description).toBe(description);
    expect(sessions).toEqual(SESSIONS);
    expect(report.span?.from).toBe('2026-03-03T09:00:00.000Z');
  });

  it('have columns by place where they have no header', async () => {
    const columns = { session: '1', time: '2', page: '3' };
    const { sessions, report } = await read('placed.dat', { columns });
    expect(sessions).toEqual(SESSIONS);
    expect(report.rows.read).toBe(5);
    expect(await failure(join(FIXTURES, 'placed.dat'))).toContain('its shape is unknown');
  });

  it('take other columns where they are named', async () => {
    const text = 'who,what,when,page\n7,x,1,/no\n7,y,2,/no\n';
    const { sessions } = await read(await fileOf(text), {
      columns: { session: 'who', page: 'what', time: 'when' },
    });
    expect(sessions).toEqual([['x', 'y']]);
  });

  it('are read from Parquet, whatever types the columns have', async () => {
    const folder = await temporaryFolder();
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = "(VALUES (1, '/a', 0), (2, '/b', 1), (1, '/c', 2), (2, '/a', 3), (1, '/b', 2)) t(s, p, t)";
    const times = {
      stamps: "TIMESTAMP '2026-03-03 09:00:00' + to_seconds(t)",
      milliseconds: '(1772528400 + t::BIGINT) * 1000',
      doubles: '1772528400.25 + t',
      texts: "strftime(TIMESTAMP '2026-03-03 09:00:00' + to_seconds(t), '%Y-%m-%dT%H:%M:%SZ')",
    };
    for (const [name, time] of Object.entries(times)) {
      const path = join(folder, `${name}.parquet`);
      await connection.run(
        `COPY (SELECT s AS session, p AS page, ${time} AS "time" FROM ${rows}) TO '${path}'`,
      );
      const { sessions, report } = await read(path);
      expect(sessions).toEqual(SESSIONS);
      expect(report.span?.from).toMatch(/^2026-03-03T09:00:00/);
    }
    connection.closeSync();
  });

  it('in no order are put into that of a column', async () => {
    const rows = ['2,/b,9,2', '1,/x,5,2', '10,/m,5,1', '1,/y,5,3', '2,/a,9,1', '1,/w,5,1', '10,/n,5,2'];
    const { sessions, report } = await read(await fileOf(`session,page,time,step\n${rows.join('\n')}\n`));
    expect(report.description).toContain('order step');
    expect(sessions).toEqual([
      ['/w', '/x', '/y'],
      ['/m', '/n'],
      ['/a', '/b'],
    ]);
  });

  it('of visitors without sessions are cut at 30 minutes, or where the user says', async () => {
    const text = `visitor_id,url,ts\n${[0, 1700, 3501, 9000].map((s, i) => `v,/p${i},${1e9 + s}\n`).join('')}`;
    const path = await fileOf(text);
    const cut = await read(path, ALL_PAGES);
    expect(cut.sessions).toEqual([['/p0', '/p1']]);
    expect(cut.report.sessions.shortVisits).toBe(2);
    const longer = await read(path, { ...ALL_PAGES, sessionGap: 40 });
    expect(longer.sessions).toEqual([['/p0', '/p1', '/p2']]);
  });

  it('with sessions have their pages as they are, but for what is asked', async () => {
    const path = await fileOf(
      'session,page,time\n1,https://x.example/a/?q=1,0\n1,/b/index.html,1\n1,c?d,2\n',
    );
    const asTheyAre = ['https://x.example/a/?q=1', '/b/index.html', 'c?d'];
    expect((await read(path)).sessions).toEqual([asTheyAre]);
    expect((await read(path, { normalise: true })).sessions).toEqual([['/a', '/b', 'c?d']]);
    const log = await read('combined.log', { ...ALL_PAGES, normalise: false });
    expect(log.columns.pages).toEqual([
      '/?utm_source=mail',
      '/tents/',
      '/tents/index.html',
      '/',
      '/boots',
      '/boots/',
      '/cart',
    ]);
  });

  it('with sessions are cut, folded and filtered only when asked', async () => {
    const text = 'session,page,time\n1,a,0\n1,a,1\n1,b,9999\n1,c,10000\n';
    const path = await fileOf(text);
    expect((await read(path)).sessions).toEqual([['a', 'a', 'b', 'c']]);
    expect((await read(path, { foldRepeats: true })).sessions).toEqual([['a', 'b', 'c']]);
    expect((await read(path, { sessionGap: 30 })).sessions).toEqual([
      ['a', 'a'],
      ['b', 'c'],
    ]);
    expect((await read(path, { minSupport: 2 })).sessions).toEqual([['a', 'a']]);
  });

  it('go by the order of lines where there is no time', async () => {
    const { sessions, columns } = await read(await fileOf('session,item\n2,x\n1,y\n2,z\n1,w\n'));
    expect(sessions).toEqual([
      ['x', 'z'],
      ['y', 'w'],
    ]);
    expect(columns.starts).toBeUndefined();
  });

  it.each([
    ['seconds', ['100', '7', '1e2', '3.5'], ['/3', '/1', '/0', '/2'], 3.5],
    ['milliseconds', ['1772528400900', '1772528400100'], ['/1', '/0'], 1772528400.1],
    ['microseconds', ['1772528400900000', '1772528400100000'], ['/1', '/0'], 1772528400.1],
    ['nanoseconds', ['1772528400900000000', '1772528400100000000'], ['/1', '/0'], 1772528400.1],
    ['all of them', ['1772528403000', '1772528402', '1772528401000000'], ['/2', '/1', '/0'], 1772528401],
    ['dates', ['2026-03-03 09:30:00', '2026-03-03T10:00:00+01:00'], ['/1', '/0'], 1772528400],
    ['dates of logs', ['03/Mar/2026:10:00:01 +0100', '03/Mar/2026:09:00:00 +0000'], ['/1', '/0'], 1772528400],
    ['dates of mail', ['Tue, 03 Mar 2026 09:00:01 GMT', '2026/03/03 09:00:00'], ['/1', '/0'], 1772528400],
  ])('go by their time in %s; without a zone, in UTC', async (_, times, expected, started) => {
    const text = `session\tpage\ttime\n${times.map((time, i) => `s\t/${i}\t${time}\n`).join('')}`;
    const { sessions, columns } = await read(await fileOf(text));
    expect(sessions).toEqual([expected]);
    expect(columns.starts?.[0]).toBeCloseTo(started, 3);
  });
});

describe('sequences', () => {
  it('have a session a line', async () => {
    const { format, sessions, report } = await read('sessions.txt');
    expect([format, report.rows.read, report.sessions.shortVisits]).toEqual(['sessions', 3, 1]);
    expect(sessions).toEqual(SESSIONS);
  });

  it.each(['sequences.spmf', 'timed.spmf'])('are read as SPMF writes them: %s', async (file) => {
    const { format, sessions } = await read(file);
    expect(format).toBe('spmf');
    expect(sessions).toEqual([
      ['1', '3', '2'],
      ['2', '1'],
    ]);
  });
});

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@pathcast/train/data/database';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { readRequests } from '@pathcast/train/data/requests/read-requests';
import { describe, expect, it } from 'vitest';
import { fileOf, read } from '../../support/dataset.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { openVersion, train } from '../../support/trained.ts';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 SecretBrowser/128.0';

/** A log of forty visits that all say something of the visitor, in every place where a log may. */
const LOG = Array.from({ length: 40 }, (_, v) =>
  [
    '/start',
    `/user/jane${v}@mail.example/home`,
    '/reset/9f86d081884c7d659a2feaa0c55ad015',
    `/only/visitor-${v}`,
    '/end',
  ]
    .map(
      (path, i) =>
        `198.51.100.${v} - jane${v} [03/Mar/2026:10:${String(v).padStart(2, '0')}:0${i} +0000] "GET ${path}?token=abc${v} HTTP/1.1" 200 5 "https://x.example/?mail=jane${v}@mail.example" "${AGENT}"\n`,
    )
    .join(''),
).join('');

const SECRETS = /198\.51\.100|jane|SecretBrowser|visitor-|9f86d081|token=|mail\.example/;

describe('what a log says of visitors', () => {
  it('is in no page: mail addresses and tokens are folded, pages of few visitors left out', async () => {
    const { columns, report } = await read(await fileOf(LOG));
    expect(columns.pages).toEqual(['/start', '/user/*/home', '/reset/*', '/end']);
    expect(report.sessions).toMatchObject({ count: 40, rarePages: 40, rareEvents: 40 });
    expect(JSON.stringify(report)).not.toMatch(SECRETS);
  });

  it('makes a page known from the fifth session on, not from the fourth', async () => {
    const visit = (v: number, path: string) =>
      ['/a', path]
        .map(
          (page, i) =>
            `192.0.2.${v} - - [03/Mar/2026:10:00:${v}${i} +0000] "GET ${page} HTTP/1.1" 200 5 "-" "${AGENT}"\n`,
        )
        .join('');
    const visits =
      [1, 2, 3, 4].flatMap((v) => [visit(v, '/four'), visit(v, '/five')]).join('') + visit(5, '/five');
    const { columns } = await read(await fileOf(visits), { minSupport: 1 });
    expect(columns.pages).toEqual(['/a', '/five']);
  });

  it('is not in the database, nor in what spills of it: visitors are hashed with a salt of the run', async () => {
    const path = await fileOf(LOG);
    const visitors = async () => {
      const database = await openDatabase({ memoryGb: 0.5 });
      try {
        await readRequests([{ path, name: path }], defaultDataOptions(path), database);
        const tables = await database.rows('SELECT table_name FROM duckdb_tables() WHERE NOT temporary');
        expect(tables.map(({ table_name }) => table_name).sort()).toEqual(['bots', 'pages', 'requests']);
        const pages = await database.rows('SELECT name FROM pages');
        expect(JSON.stringify(pages)).not.toMatch(/198\.51|jane|Secret|9f86|token|mail/);
        return (await database.rows('SELECT DISTINCT visitor FROM requests ORDER BY 1')).map(
          ({ visitor }) => visitor,
        );
      } finally {
        await database.close();
      }
    };
    const [first, second] = [await visitors(), await visitors()];
    expect(first).toHaveLength(40);
    expect(first).not.toEqual(second);
  });

  it.each([
    [
      'combined log',
      '192.0.2.7 - frank [03/Mar/2026:10:00:00 +0000] "GET /cut HTTP/1.1" 200 5 "-" "Opera/9.80 (X11)',
      LOG,
    ],
    [
      'table',
      'frank,/cut,soon,Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16',
      'user_id,page,time,user_agent\n',
    ],
    [
      'JSON lines',
      '{"user_id":"frank","page":"/cut","time":1,"user_agent":"Opera/9.80',
      '{"user_id":"u","page":"/a","time":1,"user_agent":"x"}\n',
    ],
    [
      'nested JSON',
      '{"user":{"id":7777},"page":"/cut","time":"soon"}',
      '{"user":{"id":1},"page":"/a","time":1}\n',
    ],
    [
      'GA4',
      '{"event_name":"/cut","user_pseudo_id":"frank","user_id":"7777",',
      '{"event_name":"page_view","event_timestamp":"1","event_params":[],"user_pseudo_id":"u"}\n',
    ],
  ])('is hidden in the bad lines that are shown: %s', async (kind, bad, good) => {
    const path = await fileOf(`${kind === 'table' ? good : good.repeat(3)}${bad}\n`);
    const options =
      kind === 'table' || kind === 'nested JSON'
        ? { columns: { visitor: kind === 'table' ? 'user_id' : 'user.id' } }
        : {};
    const error = await read(path, { ...options, maxBad: 0 }).catch((caught: unknown) => caught);
    const message = error instanceof Error ? error.message : '';
    expect(message).toMatch(/ line \d+: .*\/cut/);
    expect(message.slice(message.indexOf('line '))).not.toMatch(/frank|Opera|7777|192\.0/);
  });

  it('reaches no artifact and no line that training prints', async () => {
    const folder = await temporaryFolder();
    const path = await fileOf(`${LOG}broken 198.51.100.9 jane9@mail.example "${AGENT}"\n`);
    const args = ['navigation', '--data', path, '--out', 'out', '--epochs', '1', '--hidden-units', '8'];
    const { code, stdout, stderr } = await train(args, folder);
    expect(code).toBe(0);
    expect(stdout).toContain('one line cannot be read');
    expect(`${stdout}${stderr}`).not.toMatch(SECRETS);
    const version = (await openVersion(stdout)).folder;
    const files = (await readdir(version, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    expect(files.length).toBeGreaterThan(5);
    for (const { parentPath, name } of files) {
      expect((await readFile(join(parentPath, name))).toString('latin1')).not.toMatch(SECRETS);
    }
  });
});

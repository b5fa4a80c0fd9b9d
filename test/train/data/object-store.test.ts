import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fetchObjects, isObjectUrl } from '@pathcast/train/data/sources/object-store';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ALL_PAGES, FIXTURES, read } from '../../support/dataset.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { ACCESS_KEY_ID, KEYS, SECRET, serve, startStore, storeOf } from '../../support/s3-store.ts';

describe('isObjectUrl', () => {
  it.each([
    ['s3://bucket/key', true],
    ['r2://bucket', true],
    ['S3://bucket/key', true],
    ['s3:/bucket/key', false],
    ['./s3://bucket', false],
    ['logs/s3.txt', false],
    ['https://bucket.example/key', false],
  ])('takes %s for an object store: %s', (data, expected) => {
    expect(isObjectUrl(data)).toBe(expected);
  });
});

describe('fetchObjects', () => {
  it('fetches one object by its exact key, byte for byte', async () => {
    const bytes = Buffer.from(Uint8Array.from({ length: 3 << 20 }, (_, i) => (i * i) >> 3));
    const { env } = await startStore({ 'logs/access.log.gz': bytes, 'logs/access.log.gz.md5': 'x' });
    const folder = await temporaryFolder();
    const fetched = await fetchObjects('s3://visits/logs/access.log.gz', folder, env);
    const path = join(folder, '00001-access.log.gz');
    expect(fetched).toEqual([{ path, name: 's3://visits/logs/access.log.gz' }]);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it.each([
    [
      's3://visits',
      [
        'a.log',
        'logs/2025-12/access.log',
        'logs/2026-01/access.log',
        'logs/2026-01/b/access.log',
        'logs/2026-02/error.log',
      ],
    ],
    [
      's3://visits/',
      [
        'a.log',
        'logs/2025-12/access.log',
        'logs/2026-01/access.log',
        'logs/2026-01/b/access.log',
        'logs/2026-02/error.log',
      ],
    ],
    ['s3://visits/logs/2026-01/', ['logs/2026-01/access.log', 'logs/2026-01/b/access.log']],
    ['s3://visits/*', ['a.log']],
    ['s3://visits/logs/2026-*/*.log', ['logs/2026-01/access.log', 'logs/2026-02/error.log']],
    [
      's3://visits/logs/2026-*/',
      ['logs/2026-01/access.log', 'logs/2026-01/b/access.log', 'logs/2026-02/error.log'],
    ],
    ['s3://visits/logs/202?-1?/access.log', ['logs/2025-12/access.log']],
    [
      's3://visits/**/access.log',
      ['logs/2025-12/access.log', 'logs/2026-01/access.log', 'logs/2026-01/b/access.log'],
    ],
    ['s3://visits/logs/2026-01/**/access.log', ['logs/2026-01/access.log', 'logs/2026-01/b/access.log']],
    [
      's3://visits/**.log',
      [
        'a.log',
        'logs/2025-12/access.log',
        'logs/2026-01/access.log',
        'logs/2026-01/b/access.log',
        'logs/2026-02/error.log',
      ],
    ],
    ['s3://visits/?.log', ['a.log']],
    ['s3://visits/**/e*', ['logs/2026-02/error.log']],
  ])('reads %s as a folder or glob, sorted by key', async (url, keys) => {
    const { env } = await startStore({
      'logs/2026-02/error.log': 'e',
      'logs/2026-01/b/access.log': 'bb',
      'logs/2026-01/access.log': '',
      'a.log': 'a',
      'logs/2025-12/access.log': 'dd',
      'logs/2026-01/': '',
    });
    const fetched = await fetchObjects(url, await temporaryFolder(), env);
    expect(fetched.map(({ name }) => name)).toEqual(keys.map((key) => `s3://visits/${key}`));
  });

  it.each([
    ['s3://visits/a+b (1).*', 'a+b (1).log'],
    ['s3://visits/a^$|{}[b]?.log', 'a^$|{}[b]x.log'],
    ['s3://visits/ein ?.log', 'ein 🦊.log'],
    ['s3://visits/100%25 é&=#;.log', '100%25 é&=#;.log'],
    ['s3://visits/Größe/日本 語.log', 'Größe/日本 語.log'],
  ])('takes all else in %s literally', async (url, key) => {
    const { env } = await startStore({ [key]: key, 'aab (1)xlog': '', 'a.log': '' });
    const fetched = await fetchObjects(url, await temporaryFolder(), env);
    expect(fetched.map(({ name }) => name)).toEqual([`s3://visits/${key}`]);
    expect(await readFile(fetched[0]?.path ?? '', 'utf8')).toBe(key);
  });

  it('lists beyond the first page of 1,000 objects', async () => {
    const keys = Array.from({ length: 1_050 }, (_, i) => `logs/${String(i).padStart(4, '0')}.log`);
    const { env, requests } = await serve(storeOf(Object.fromEntries(keys.map((key) => [key, key.length]))));
    const fetched = await fetchObjects('s3://visits/logs/', await temporaryFolder(), env);
    expect(fetched.map(({ name }) => name)).toEqual(keys.map((key) => `s3://visits/${key}`));
    const contents = await Promise.all(fetched.map(({ path }) => readFile(path, 'utf8')));
    expect(contents).toEqual(keys);
    expect(requests.filter(({ url }) => url?.includes('list-type=2'))).toHaveLength(2);
  });

  it('downloads four objects at a time', async () => {
    const keys = Array.from('abcdefgh');
    const answer = storeOf(Object.fromEntries(keys.map((key) => [key, 1])));
    const held: (() => void)[] = [];
    const { env } = await serve((req, res) => {
      if (req.url?.includes('list-type')) return answer(req, res);
      held.push(() => answer(req, res));
      // The wait lets a fifth request show itself.
      if (held.length === 4) setTimeout(() => held.splice(0).map((release) => release()), 50);
      expect.soft(held.length).toBeLessThanOrEqual(4);
    });
    expect(await fetchObjects('s3://visits/', await temporaryFolder(), env)).toHaveLength(8);
  });

  it.each(['../../escape.log', '..', 'a/..', 'a\\..\\b.log', '/etc/passwd', 'x'.repeat(1_000)])(
    'keeps the key %s inside the folder',
    async (key) => {
      const { env } = await serve(storeOf({ [key]: Buffer.byteLength(key), 'other.log': 9 }));
      const folder = await temporaryFolder();
      const fetched = await fetchObjects('s3://visits/', folder, env);
      expect(fetched.map(({ name }) => name).sort()).toEqual(
        [`s3://visits/${key}`, 's3://visits/other.log'].sort(),
      );
      for (const { path } of fetched) expect(relative(folder, path)).toMatch(/^0000[12]-[\w.-]{0,100}$/);
      expect(await readdir(folder)).toHaveLength(2);
    },
  );

  it.each([
    ['R2_*', { R2_ACCESS_KEY_ID: ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY: SECRET, AWS_ACCESS_KEY_ID: 'other' }],
    ['AWS_*', { AWS_ACCESS_KEY_ID: ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: SECRET, R2_ACCESS_KEY_ID: ' ' }],
  ])('reads r2:// at R2_ENDPOINT with the keys of %s, in the region auto', async (_, keys) => {
    const store = await startStore({ 'a.log': 'a' });
    const env = { ...keys, R2_ENDPOINT: store.env.AWS_ENDPOINT_URL_S3, AWS_REGION: 'eu-west-1' };
    const [fetched] = await fetchObjects('r2://visits/*.log', await temporaryFolder(), env);
    expect(fetched?.name).toBe('r2://visits/a.log');
    expect(regionsOf(store.requests)).toEqual(['auto', 'auto']);
  });

  it('prefers AWS_ENDPOINT_URL_S3 and AWS_REGION to their general forms, and passes the session token', async () => {
    const store = await startStore({ 'a.log': 'a' });
    const general = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_DEFAULT_REGION: 'eu-west-1' };
    const env = { ...general, ...store.env, AWS_REGION: 'eu-north-1', AWS_SESSION_TOKEN: 'token' };
    await fetchObjects('s3://visits/a.log', await temporaryFolder(), env);
    expect(regionsOf(store.requests)).toEqual(['eu-north-1']);
    expect(store.requests[0]?.headers['x-amz-security-token']).toBe('token');
  });

  it('takes nothing from the configuration file of other tools', async () => {
    const store = await startStore({ 'a.log': 'a' });
    const file = join(await temporaryFolder(), 'config');
    await writeFile(file, FOREIGN_CONFIG);
    vi.stubEnv('AWS_CONFIG_FILE', file);
    onTestFinished(() => void vi.unstubAllEnvs());
    await fetchObjects('s3://visits/*', await temporaryFolder(), store.env);
    expect(store.requests.map(({ headers }) => headers['user-agent'])).not.toContainEqual(
      expect.stringContaining('from-the-file'),
    );
  });

  it('names the bucket in the path, not in the host, of an endpoint of its own', async () => {
    const store = await startStore({ 'a.log': 'a' });
    const endpoint = store.env.AWS_ENDPOINT_URL_S3.replace('127.0.0.1', 'localhost');
    await fetchObjects('s3://visits/a.log', await temporaryFolder(), { ...KEYS, AWS_ENDPOINT_URL: endpoint });
    expect(store.requests.map(({ url }) => url)).toEqual([expect.stringMatching(/^\/visits\/a\.log\?/)]);
  });
});

describe('data in an object store', () => {
  it('is read as if it lay in a folder, and named as the user named it', async () => {
    const log = await readFile(join(FIXTURES, 'combined.log'));
    const cut = log.indexOf('\n', 600) + 1;
    const { env } = await startStore({
      'logs/access.log.2.gz': gzipSync(log.subarray(0, cut)),
      'logs/access.log.3': Buffer.concat([log.subarray(cut), Buffer.from('broken\n')]),
    });
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    try {
      const options = { ...ALL_PAGES, maxBad: 10, data: 's3://visits/logs/' };
      const { sessions, report } = await read('/', options);
      expect(sessions).toEqual((await read('combined.log', ALL_PAGES)).sessions);
      expect(report).toMatchObject({ data: 's3://visits/logs/', files: 2 });
      expect(report.badLines).toMatchObject([{ file: 's3://visits/logs/access.log.3', text: 'broken' }]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

/** The SDK would refuse an endpoint of its own with either of the last two, and show the first to the store. */
const FOREIGN_CONFIG = `[default]
sdk_ua_app_id = from-the-file
use_dualstack_endpoint = true
use_fips_endpoint = true
`;

/** The regions that requests are signed for. */
function regionsOf(requests: readonly IncomingMessage[]) {
  return requests.map(({ headers }) => headers.authorization?.split('/')[2]);
}

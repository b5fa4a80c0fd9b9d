import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { fetchObjects, isObjectUrl } from '@pathcast/train/data/sources/object-store';
import { UserError } from '@pathcast/train/user-error';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ALL_PAGES, FIXTURES, read } from '../support/dataset.ts';
import { temporaryFolder } from '../support/folder.ts';
import {
  ACCESS_KEY_ID,
  closedEndpoint,
  KEYS,
  listing,
  SECRET,
  serve,
  startStore,
  storeOf,
} from '../support/s3-store.ts';

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

  it.each([
    ['s3://visits/nothing.log', 'there is no such object; end it with / '],
    ['s3://visits/logs', 'there is no such object; end it with / '],
    ['s3://visits/none/', 'nothing there matches'],
    ['s3://visits/empty/', 'nothing there matches'],
    ['s3://visits/*.gz', 'nothing there matches'],
    ['s3://visits/logs?a.log', 'nothing there matches'],
    ['s3://elsewhere/*', 'has no such bucket'],
    ['s3://elsewhere/a.log', 'has no such bucket'],
  ])('says in one sentence what is missing at %s', async (url, message) => {
    const { env } = await startStore({ 'logs/a.log': 'a', 'empty/': '' });
    const { error } = await failureOf(url, env);
    expect(error.message).toContain(`${url}: `);
    expect(error.message).toContain(message);
  });

  it.each(['s3://visits/a.log', 's3://visits/*'])(
    'says that a wrong secret is denied, and not which, at %s',
    async (url) => {
      const { env } = await startStore({ 'a.log': 'a' });
      const { error } = await failureOf(url, {
        ...env,
        AWS_SECRET_ACCESS_KEY: 'guess-of-mine',
        AWS_SESSION_TOKEN: 'my-token',
      });
      expect(error.message).toBe(
        `${url}: access denied (SignatureDoesNotMatch); check the credentials and their rights`,
      );
      expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/guess-of-mine|my-token/);
    },
  );

  it('says that an unknown access key is denied, without naming it', async () => {
    const { env } = await startStore({ 'a.log': 'a' });
    const { error } = await failureOf('s3://visits/*', { ...env, AWS_ACCESS_KEY_ID: 'NOBODY' });
    expect(error.message).toContain('s3://visits/*: access denied (InvalidAccessKeyId)');
    expect(error.message).not.toContain('NOBODY');
  });

  it.each([
    ['s3://visits/a.log', {}, 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'],
    [
      's3://visits/a.log',
      { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: ' ' },
      'set AWS_ACCESS_KEY_ID and',
    ],
    ['s3://visits/a.log', { AWS_SECRET_ACCESS_KEY: 'b' }, 'set AWS_ACCESS_KEY_ID and'],
    ['s3://visits/a.log', { R2_ACCESS_KEY_ID: 'a', R2_SECRET_ACCESS_KEY: 'b' }, 'set AWS_ACCESS_KEY_ID and'],
    ['r2://visits/a.log', {}, 'set R2_ACCOUNT_ID, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY'],
    ['r2://visits/a.log', { R2_ACCESS_KEY_ID: 'a', R2_SECRET_ACCESS_KEY: 'b' }, 'set R2_ACCOUNT_ID'],
    [
      'r2://visits/a.log',
      {
        AWS_ACCESS_KEY_ID: 'a',
        AWS_SECRET_ACCESS_KEY: 'b',
        R2_ACCESS_KEY_ID: 'c',
        R2_ENDPOINT: 'http://127.0.0.1:1',
      },
      'set R2_ACCOUNT_ID',
    ],
  ])('asks for the credentials of %s when there is only %j', async (url, env, message) => {
    const { error } = await failureOf(url, env);
    expect(error.message).toContain(`${url}: to read it, ${message}`);
  });

  it.each([
    [{ AWS_ENDPOINT_URL: 'localhost:9000' }, 'AWS_ENDPOINT_URL must be a URL that starts with http://'],
    [{ AWS_ENDPOINT_URL_S3: 'http://' }, 'AWS_ENDPOINT_URL_S3 must be a URL'],
    [{ AWS_REGION: 'evil.example/' }, 'AWS_REGION must be letters, digits and hyphens'],
    [{ R2_ACCOUNT_ID: 'evil.example/' }, 'R2_ACCOUNT_ID must be letters, digits and hyphens'],
  ])('refuses %j by the name of the variable', async (given, message) => {
    const { error } = await failureOf('s3://visits/a', given);
    expect(error.message).toContain(`s3://visits/a: the environment's ${message}`);
    expect(error.message).not.toMatch(/9000|evil/);
  });

  it.each([
    's3://',
    's3://a',
    's3://KEY:hunter2@visits/a.log',
    's3://-visits/a',
    's3:///a.log',
    's3://vi sits/a',
  ])('refuses %s without repeating it', async (url) => {
    const { error } = await failureOf(url, {});
    expect(error.message).toBe(
      'an object store is named s3://BUCKET/KEY or r2://BUCKET/KEY, without credentials in it',
    );
  });

  it('gives up soon on an endpoint where nobody listens', async () => {
    const endpoint = await closedEndpoint();
    const { error } = await failureOf('s3://visits/*', { ...KEYS, AWS_ENDPOINT_URL: endpoint });
    expect(error.message).toBe(`s3://visits/*: ${endpoint} cannot be reached (ECONNREFUSED)`);
  }, 10_000);

  it('says that an object was cut off, and leaves no part of the download', async () => {
    const { env } = await serve(storeOf({ 'a.log': 5, 'b.log': 100, 'c.log': 5 }));
    const { error, left } = await failureOf('s3://visits/*', env);
    expect(error.message).toContain('s3://visits/b.log: the download was cut short');
    expect(left).toEqual([]);
  });

  it('does not wait for the other objects when one is cut off', async () => {
    const answer = storeOf({ 'a.log': 5, 'b.log': 100 });
    const { env } = await serve((req, res) => {
      if (req.url?.startsWith('/visits/a.log')) res.writeHead(200, { 'Content-Length': 5 }).write('a');
      else answer(req, res);
    });
    const { error, left } = await failureOf('s3://visits/*', env);
    expect(error.message).toContain('s3://visits/b.log: the download was cut short');
    expect(left).toEqual([]);
  }, 10_000);

  it('says so too where the key was exact and no listing told its size', async () => {
    const { env } = await serve(storeOf({ 'b.log': 100 }));
    const { error, left } = await failureOf('s3://visits/b.log', env);
    expect(error.message).toContain('s3://visits/b.log: the download was cut short');
    expect(left).toEqual([]);
  });

  it.each([9, 11])('does not take an object of 10 bytes that was listed with %i', async (bytes) => {
    const { env } = await serve((req, res) => {
      if (req.url?.includes('list-type=2')) res.end(listing([['a.log', bytes]]));
      else res.end('0123456789');
    });
    const { error, left } = await failureOf('s3://visits/*', env);
    expect(error.message).toContain('s3://visits/a.log: the download was cut short, or the object changed');
    expect(left).toEqual([]);
  });

  it.each([
    [403, 'InvalidObjectState', 'the object is archived; restore it first'],
    [401, 'Unauthorized', 'access denied (Unauthorized); check the credentials and their rights'],
    [400, 'ExpiredToken', 'access denied (ExpiredToken); check the credentials and their rights'],
    [501, 'NotImplemented', 'answered with an error (NotImplemented, HTTP 501)'],
  ])('explains the answer %i %s, and repeats none of its words', async (status, code, message) => {
    const { env } = await serve((_, res) => {
      res.writeHead(status).end(`<Error><Code>${code}</Code><Message>\nhunter2</Message></Error>`);
    });
    const { error } = await failureOf('s3://visits/a.log', env);
    expect(error.message).toContain('s3://visits/a.log: ');
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('hunter2');
  });

  it('names the file that it cannot write', async () => {
    const { env } = await startStore({ 'a.log': 'a' });
    const folder = join(await temporaryFolder(), 'missing');
    const failure = fetchObjects('s3://visits/*', folder, env);
    await expect(failure).rejects.toThrow(`${join(folder, '00001-a.log')}: cannot be written; Error: ENOENT`);
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

/** The one-sentence error of a download, and what it left in its folder. */
async function failureOf(url: string, env: NodeJS.ProcessEnv) {
  const folder = await temporaryFolder();
  const error: unknown = await fetchObjects(url, folder, env).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`no UserError but ${inspect(error)}`);
  expect(error.message).not.toMatch(/\n/);
  return { error, left: await readdir(folder) };
}

/** The regions that requests are signed for. */
function regionsOf(requests: readonly IncomingMessage[]) {
  return requests.map(({ headers }) => headers.authorization?.split('/')[2]);
}

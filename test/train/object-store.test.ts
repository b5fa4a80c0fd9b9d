import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { fetchObjects, isObjectUrl } from '@pathcast/train/data/sources/object-store';
import { UserError } from '@pathcast/train/user-error';
import S3rver from 's3rver';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';

/** The pair that s3rver knows, with a secret of our own: `isSigned` checks it, s3rver itself does not. */
const ACCESS_KEY_ID = 'S3RVER';
const SECRET = 'a/secret+of=ours';

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

/** The SDK would refuse an endpoint of its own with either of the last two, and show the first to the store. */
const FOREIGN_CONFIG = `[default]
sdk_ua_app_id = from-the-file
use_dualstack_endpoint = true
use_fips_endpoint = true
`;

const KEYS = { AWS_ACCESS_KEY_ID: ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: SECRET };

/** The one-sentence error of a download, and what it left in its folder. */
async function failureOf(url: string, env: NodeJS.ProcessEnv) {
  const folder = await temporaryFolder();
  const error: unknown = await fetchObjects(url, folder, env).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`no UserError but ${inspect(error)}`);
  expect(error.message).not.toMatch(/\n/);
  return { error, left: await readdir(folder) };
}

/** Serves until the test ends; gives the environment that leads there, and the GET requests that came. */
async function serve(listener: RequestListener) {
  const requests: IncomingMessage[] = [];
  const server = createServer((req, res) => {
    if (req.method === 'GET') requests.push(req);
    listener(req, res);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const env = { ...KEYS, AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${address.port}` };
  return { env, requests };
}

async function closedEndpoint(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await once(server.close(), 'close');
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

/** s3rver with a bucket `visits`, behind a check of the signatures that it does not make itself. */
async function startStore(objects: Record<string, string | Buffer>) {
  const configureBuckets = [{ name: 'visits', configs: [] }];
  const s3rver = new S3rver({ directory: await temporaryFolder(), silent: true, configureBuckets });
  await s3rver.configureBuckets();
  const answer = s3rver.callback();
  const store = await serve((req, res) => {
    if (req.method === 'PUT' || isSigned(req)) answer(req, res);
    else res.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>');
  });
  for (const [key, body] of Object.entries(objects)) await put(store.env.AWS_ENDPOINT_URL_S3, key, body);
  return store;
}

/** Puts an object without a signature, its key as it is: a URL would lose `..` and encode less. */
async function put(endpoint: string, key: string, body: string | Buffer): Promise<void> {
  const path = `/visits/${key.split('/').map(encodeURIComponent).join('/')}`;
  const req = request(endpoint, {
    method: 'PUT',
    path,
    headers: { 'Content-Length': Buffer.byteLength(body) },
  });
  const answered = once(req, 'response');
  req.end(body);
  const [res]: IncomingMessage[] = await answered;
  res?.resume();
  if (res?.statusCode !== 200) throw new Error(`PUT ${key}: ${res?.statusCode}`);
}

/** @see AWS Signature Version 4, with the payload's digest as the header states it. */
function isSigned({ method, url = '', headers }: IncomingMessage): boolean {
  const [, scope = '', names = '', signature] =
    /Credential=[^/]+\/(\S+), SignedHeaders=(\S+), Signature=(\S+)/.exec(headers.authorization ?? '') ?? [];
  const [path, query = ''] = url.split('?');
  const canonicalHeaders = names.split(';').map((name) => `${name}:${headers[name]}\n`);
  const canonical = [
    method,
    path,
    query.split('&').sort().join('&'),
    canonicalHeaders.join(''),
    names,
    headers['x-amz-content-sha256'],
  ].join('\n');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, digest].join('\n');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const signingKey = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  return hmac(signingKey, toSign).toString('hex') === signature;
}

/** The regions that requests are signed for. */
function regionsOf(requests: readonly IncomingMessage[]) {
  return requests.map(({ headers }) => headers.authorization?.split('/')[2]);
}

function listing(objects: readonly [string, number][], token = ''): string {
  const contents = objects.map(
    ([key, bytes]) => `<Contents><Key>${key}</Key><Size>${bytes}</Size></Contents>`,
  );
  const next = `<IsTruncated>${token !== ''}</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`;
  return `<ListBucketResult>${next}${contents.join('')}</ListBucketResult>`;
}

/**
 * A store for what s3rver cannot do: list by pages on today's OpenSSL, keep `..` in a key, or cut an object off. Each
 * object holds its own key; where more bytes than that are declared, the connection ends early.
 */
function storeOf(bytesOf: Record<string, number>): RequestListener {
  return (req, res) => {
    const [path = '', query = ''] = (req.url ?? '').split('?');
    const parameters = new URLSearchParams(query);
    if (parameters.has('list-type')) {
      const start = Number(parameters.get('continuation-token') ?? 0);
      const objects = Object.entries(bytesOf);
      const end = start + 1_000;
      res.end(listing(objects.slice(start, end), end < objects.length ? String(end) : ''));
      return;
    }
    const key = decodeURIComponent(path.slice('/visits/'.length));
    res.writeHead(200, { 'Content-Length': bytesOf[key] ?? 0 });
    res.write(key, () => (Buffer.byteLength(key) === bytesOf[key] ? res.end() : res.destroy()));
  };
}

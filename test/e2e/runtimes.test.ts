import { rm } from 'node:fs/promises';
import { get } from 'node:http';
import { serveOnNode } from '@pathcast/worker/scripts/node-server';
import { type Server, serve } from '@pathcast/worker/scripts/serve';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeArtifacts } from './artifacts.ts';

/** What both runtimes have to say alike. `Server-Timing` differs, and what each server adds of its own. */
const HEADERS = [
  'accept-ranges',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'allow',
  'cache-control',
  'content-length',
  'content-range',
  'content-security-policy',
  'content-type',
  'cross-origin-resource-policy',
  'referrer-policy',
  'strict-transport-security',
  'timing-allow-origin',
  'x-content-type-options',
];

let artifacts: string;
let version: string;
let servers: { workerd: Server; node: Server };

beforeAll(async () => {
  ({ artifacts, version } = await writeArtifacts());
  vi.spyOn(console, 'log').mockReturnValue(); // the servers' logs
  servers = { workerd: await serve({ artifacts }), node: await serveOnNode({ artifacts }) };
}, 300_000);

afterAll(async () => {
  await servers.workerd.stop();
  await servers.node.stop();
  await rm(artifacts, { recursive: true, force: true });
});

async function answer({ url }: Server, path: string, init: RequestInit) {
  const headersSent = new Headers(init.headers);
  headersSent.set('Accept-Encoding', 'identity'); // else Miniflare compresses, and the length is another
  const response = await fetch(url + path, { ...init, headers: headersSent, redirect: 'manual' });
  const headers = HEADERS.map((name) => [name, response.headers.get(name)]);
  return {
    status: response.status,
    headers: Object.fromEntries(headers),
    body: await response.text(),
    etag: response.headers.get('etag'),
  };
}

/** Asks both. @returns the answer, which has to be the same but for the last digits of a probability. */
async function same(path: string, init: RequestInit = {}) {
  const [onWorkerd, onNode] = await Promise.all([
    answer(servers.workerd, path, init),
    answer(servers.node, path, init),
  ]);
  // A build without relaxed SIMD may round otherwise, and then the length may differ too.
  const digits = /0\.\d{6,}(?:e-\d+)?/g;
  const numbers = ({ body }: { body: string }) => [...body.matchAll(digits)].map(([text]) => Number(text));
  const theirs = numbers(onWorkerd);
  const ours = numbers(onNode);
  expect(ours).toHaveLength(theirs.length);
  ours.forEach((number, i) => {
    expect(number).toBeCloseTo(theirs[i] ?? Number.NaN, 6);
  });
  const plain = (body: string) => body.replace(digits, '#');
  expect(plain(onNode.body)).toBe(plain(onWorkerd.body));
  expect(onNode.status).toBe(onWorkerd.status);
  const sized = {
    ...onNode.headers,
    ...(theirs.length > 0 ? { 'content-length': onWorkerd.headers['content-length'] } : {}),
  };
  expect(sized).toEqual(onWorkerd.headers);
  return onNode;
}

/** Asks Node for a path as it is written: `fetch` takes dots out of it. */
function askRaw(path: string): Promise<{ status: number; body: string }> {
  return new Promise((done, fail) => {
    const { hostname, port } = new URL(servers.node.url);
    get({ hostname, port, path }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => done({ status: response.statusCode ?? 0, body }));
    }).on('error', fail);
  });
}

const post = (body: unknown) => ({
  method: 'POST',
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const predict = '/v1/models/pages:predict';

describe('Node answers as workerd does', () => {
  it.each<[string, RequestInit, number]>([
    [predict, post({ instances: [{ history: ['/p2', '/p9'] }, { history: [] }, { history: ['€'] }] }), 200],
    [predict, post({ instances: [{ history: ['/p2'] }], top: 3, part: 'recurrent' }), 200],
    ['/v1/models/letters:predict', post({ instances: [{ text: 'p2' }] }), 200],
    [predict, post({ instances: [] }), 400],
    [predict, post('{'), 400],
    [predict, post(''), 400],
    [predict, { ...post('{}'), headers: { 'Content-Type': 'text/html' } }, 415],
    ['/v1/models/pages/next?page=/p2&page=/p3&top=5', {}, 200],
    ['/v1/models/pages/next?page=/p2&top=0', {}, 400],
    ['/v1/models', {}, 200],
    ['/v1/models', { method: 'DELETE' }, 405],
    ['/v1/models/pages', {}, 200],
    ['/v1/models/pages/metadata', {}, 200],
    ['/v1/models/nobody', {}, 404],
    ['/v1/models/NOBODY', {}, 400],
    ['/healthz', {}, 200],
    ['/openapi.json', {}, 200],
    ['/nowhere', {}, 404],
    [predict, { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'POST' } }, 204],
  ])('%s %j', async (path, init, status) => {
    expect((await same(path, init)).status).toBe(status);
  });

  it.each<[string, string, number]>([
    ['model.json', '', 200],
    ['manifest.json', '', 200],
    ['model.json', 'bytes=2-7', 206],
    ['group1-shard1.bin', 'bytes=-100', 206],
    ['model.json', 'bytes=99999999-', 416],
    ['pack.safetensors', '', 404],
    ['inside.json', '', 404],
    ['heads%2f..%2fpack.safetensors', '', 404],
  ])('with the file %s, range "%s"', async (file, range, status) => {
    const path = `/v1/models/pages/versions/${version}/${file}`;
    const { status: found, etag } = await same(path, { headers: range ? { Range: range } : {} });
    expect(found).toBe(status);
    await same(path, { method: 'HEAD' });
    if (etag !== null) expect((await same(path, { headers: { 'If-None-Match': etag } })).status).toBe(304);
  });

  it('with 413 to a body of 2 MB', async () => {
    expect((await same(predict, post('x'.repeat(2_000_000)))).status).toBe(413);
  });

  it('tells its timings', async () => {
    for (const { url } of Object.values(servers)) {
      const { headers } = await fetch(url + predict, post({ instances: [{ history: [] }] }));
      expect(headers.get('Server-Timing')).toMatch(/^load;dur=[\d.]+, predict;dur=[\d.]+, total;dur=[\d.]+$/);
    }
  });

  it('with the playground and its headers', async () => {
    const { body, status } = await same('/');
    expect(status).toBe(200);
    const [script = ''] = /\/app\/main-[^"]+\.js/.exec(body) ?? [];
    const { headers } = await same(script);
    expect(headers['cache-control']).toContain('immutable');
    expect((await answer(servers.node, '/icon.svg', {})).headers['content-type']).toMatch(/^image\/svg\+xml/);
    expect((await same('/_headers')).status).toBe(404);
    const etag = (await answer(servers.node, '/', {})).etag ?? '';
    expect((await answer(servers.node, '/', { headers: { 'If-None-Match': etag } })).status).toBe(304);
  });

  it('whatever the path: no 5xx, and nothing of the disk', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        '..',
        '%2e%2e',
        '..%2f',
        '%5c..',
        '.',
        '%00',
        'pages',
        'versions',
        version,
        'current.json',
        'secret.json',
        'v1',
        'models',
        'app',
        'etc',
        'outside.json',
      ),
      fc.string({ unit: 'grapheme', maxLength: 6 }).map(encodeURIComponent),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const { status, body } = await askRaw(`/${parts.join('/')}`);
        expect(status).toBeLessThan(500);
        expect(body).not.toContain('secret\n');
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

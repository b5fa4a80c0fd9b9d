import { env } from 'cloudflare:workers';
import { fileKey } from '@pathcast/models/artifacts';
import { manifestSchema } from '@pathcast/models/manifest';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bytesOf, createWorker, problemOf, publish, type TestWorker, twoVersions } from './support.ts';

const [older, pages] = twoVersions();
const base = `/v1/models/pages/versions/${pages.version}`;
const model = bytesOf(pages, 'model.json');
let worker: TestWorker;

beforeAll(async () => {
  await publish(older);
  await publish(pages);
});

beforeEach(() => {
  worker = createWorker();
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  worker.ask(`${base}/${path}`, { headers, method });

const bytes = async (response: Response) => new Uint8Array(await response.arrayBuffer());

describe('a public file', () => {
  it('comes whole, immutable, and tagged with its SHA-256', async () => {
    const response = await get('model.json');
    expect(response.status).toBe(200);
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('Content-Type')).toBe('application/json');
    expect(response.headers.get('Content-Length')).toBe(String(model.length));
    expect(response.headers.get('ETag')).toMatch(/^"[0-9a-f]{64}"$/);
    expect(await bytes(response)).toEqual(model);
  });

  it('is any that the manifest lists as public, and the manifest itself', async () => {
    const manifest = manifestSchema.parse(await (await get('manifest.json')).json());
    const listed = manifest.files.filter((file) => file.public).map(({ path }) => path);
    expect(listed).toContain('heads/40/tokens.json');
    for (const path of listed) expect(await bytes(await get(path))).toEqual(bytesOf(pages, path));
  });

  it('of an earlier version is still there', async () => {
    const response = await worker.ask(`/v1/models/pages/versions/${older.version}/model.json`);
    expect(await bytes(response)).toEqual(bytesOf(older, 'model.json'));
  });

  it('answers 304 to its ETag', async () => {
    const etag = (await get('model.json')).headers.get('ETag') ?? '';
    const response = await get('model.json', { 'If-None-Match': etag });
    expect(response.status).toBe(304);
    expect(response.headers.get('ETag')).toBe(etag);
    expect((await get('model.json', { 'If-None-Match': '"x"' })).status).toBe(200);
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    const response = await get('model.json', {}, 'HEAD');
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Length')).toBe(String(model.length));
    expect(await response.text()).toBe('');
  });
});

describe('a range', () => {
  const size = model.length;
  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=5-', 5, size],
    ['bytes=-7', size - 7, size],
    [`bytes=-${size * 2}`, 0, size],
    [`bytes=${size - 1}-${size + 100}`, size - 1, size],
    ['bytes=3-3', 3, 4],
  ])('%s is part of the file', async (range, start, end) => {
    const response = await get('model.json', { Range: range });
    expect(response.status).toBe(206);
    expect(response.headers.get('Content-Range')).toBe(`bytes ${start}-${end - 1}/${size}`);
    expect(response.headers.get('Content-Length')).toBe(String(end - start));
    expect(await bytes(response)).toEqual(model.slice(start, end));
  });

  it.each([`bytes=${size}-`, `bytes=${size * 9}-${size * 10}`, 'bytes=-0'])(
    '%s is refused',
    async (range) => {
      const response = await get('model.json', { Range: range });
      expect(response.status).toBe(416);
      expect(response.headers.get('Content-Range')).toBe(`bytes */${size}`);
      expect((await problemOf(response)).detail).toContain('Range: ');
    },
  );

  it.each(['bytes=9-5', 'bytes=0-1,4-5', 'lines=0-4', 'bytes=-', 'x'])('%s is ignored', async (range) => {
    const response = await get('model.json', { Range: range });
    expect(response.status).toBe(200);
    expect(await bytes(response)).toEqual(model);
  });

  it('asked for with If-Range needs the same tag', async () => {
    const etag = (await get('model.json')).headers.get('ETag') ?? '';
    expect((await get('model.json', { Range: 'bytes=0-1', 'If-Range': etag })).status).toBe(206);
    expect((await get('model.json', { Range: 'bytes=0-1', 'If-Range': '"x"' })).status).toBe(200);
  });

  it('of an object without a checksum is cut from the verified file', async () => {
    const key = fileKey('pages', pages.version, 'model.json');
    await env.MODELS.put(key, model);
    expect(await bytes(await get('model.json', { Range: 'bytes=4-8' }))).toEqual(model.slice(4, 9));
    expect(await bytes(await get('model.json'))).toEqual(model);
    await publish(pages);
  });
});

describe('no path leads to', () => {
  it.each([
    'pack.safetensors',
    'vocabulary.txt',
    '..%2fpack.safetensors',
    'heads%2f..%2fpack.safetensors',
    '..%2f..%2fcurrent.json',
    '%2e%2e%2fcurrent.json',
    './/pack.safetensors',
    'pack.safetensors%00.json',
    '%zz',
    'heads',
    'constructor',
    'model.json/',
  ])('%s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect((await problemOf(response)).detail).toMatch(/^(path: |there is nothing at)/);
  });

  it.each<[string, number, string]>([
    ['/v1/models/pages/versions/20000101000000/model.json', 404, 'version: '],
    ['/v1/models/nobody/versions/20000101000000/model.json', 404, 'version: '],
    ['/v1/models/pages/versions/latest/model.json', 400, 'version: '],
    ['/v1/models/pages/versions/..%2f1/model.json', 400, 'version: '],
    ['/v1/models/..%2fpages/versions/20000101000000/model.json', 400, 'model: '],
  ])('%s', async (path, status, detail) => {
    const response = await worker.ask(path);
    expect(response.status).toBe(status);
    expect((await problemOf(response)).detail).toContain(detail);
  });
});

describe('a file that is not what the manifest says', () => {
  const shard = bytesOf(pages, 'group1-shard1.bin');
  it.each<[string, Uint8Array | null]>([
    ['missing', null],
    ['truncated', shard.slice(0, 100)],
    ['flipped in one byte', shard.map((byte, i) => (i === 50 ? byte ^ 1 : byte))],
  ])('is not given out: %s', async (_, broken) => {
    const key = fileKey('pages', pages.version, 'group1-shard1.bin');
    if (broken) await env.MODELS.put(key, broken);
    else await env.MODELS.delete(key);
    for (const range of ['', 'bytes=200-300']) {
      const response = await get('group1-shard1.bin', { Range: range });
      expect(response.status).toBe(503);
      expect((await problemOf(response)).detail).toContain('group1-shard1.bin');
    }
    await publish(pages);
  });
});

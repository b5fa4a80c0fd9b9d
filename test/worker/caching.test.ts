import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorker, publish, twoVersions } from './support.ts';

const [pages, newer] = twoVersions();
const worker = createWorker();

beforeAll(() => publish(pages));
afterAll(() => publish(pages));

const TAGGED: [string, string][] = [
  ['/openapi.json', 'public, max-age=300'],
  ['/v1/models', 'no-cache'],
  ['/v1/models/pages', 'no-cache'],
  ['/v1/models/pages/metadata', 'no-cache'],
  ['/v1/models/pages/labels/stable', 'no-cache'],
  [`/v1/models/pages/versions/${pages.version}/metadata`, 'no-cache'],
];

describe('an answer with a tag', () => {
  it.each(TAGGED)('of %s comes with "%s", and with 304 to its own', async (path, caching) => {
    const response = await worker.ask(path);
    const etag = response.headers.get('ETag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(response.headers.get('Cache-Control')).toBe(caching);
    expect(response.headers.get('Content-Type')).toBe('application/json');
    for (const tag of [etag, `W/${etag}`]) {
      const again = await worker.ask(path, { headers: { 'If-None-Match': tag } });
      expect([again.status, again.headers.get('ETag')]).toEqual([304, etag]);
      expect(again.headers.get('Cache-Control')).toBe(caching);
      expect(await again.text()).toBe('');
    }
    expect((await worker.ask(path, { headers: { 'If-None-Match': '"x"' } })).status).toBe(200);
  });

  it('of a model changes with its version', async () => {
    const fresh = createWorker();
    const paths = ['/v1/models', '/v1/models/pages', '/v1/models/pages/metadata'];
    const tags = async () =>
      Promise.all(paths.map(async (path) => (await fresh.ask(path)).headers.get('ETag')));
    const before = await tags();
    await publish(newer);
    fresh.wait(30_000);
    await tags();
    await fresh.settle();
    const after = await tags();
    for (const [i, tag] of after.entries()) expect(tag).not.toBe(before[i]);
    await publish(pages);
  });
});

describe('an answer to POST', () => {
  it.each(['{"instances":[["/p2"]]}', '{"inputs":[["/p2"]]}'])(
    'of %s may be kept for a minute by the page that asked, which is also told of Retry-After',
    async (body) => {
      const init = { method: 'POST', body, headers: { Origin: 'https://shop.example' } };
      const { status, headers } = await worker.ask('/v1/models/pages:predict', init);
      expect([status, headers.get('Cache-Control')]).toEqual([200, 'private, max-age=60']);
      expect(headers.get('Access-Control-Expose-Headers')?.split(',')).toContain('Retry-After');
    },
  );

  it('is not kept when it is an error', async () => {
    const { status, headers } = await worker.ask('/v1/models/pages:predict', { method: 'POST', body: '{}' });
    expect([status, headers.get('Cache-Control')]).toEqual([400, 'no-store']);
  });
});

describe('an answer that must not be kept', () => {
  it.each(['/healthz', '/v1/models/nobody', '/v1/models/pages/next?top=0', '/nowhere'])(
    'of %s',
    async (path) => {
      const { headers } = await worker.ask(path);
      expect(headers.get('Cache-Control')).toBe('no-store');
      expect(headers.has('ETag')).toBe(false);
    },
  );
});

describe('where some origins are listed, shared caches keep each origin’s answers apart', () => {
  const shop = createWorker({ allowedOrigins: 'https://shop.example, https://www.shop.example' });
  const NEXT = '/v1/models/pages/next?page=/p2';
  const varies = (response: Response) =>
    (response.headers.get('Vary') ?? '').split(/,\s*/).includes('Origin');

  it.each([NEXT, '/v1/models', '/openapi.json', '/v1/models/pages/next?top=0', '/nowhere'])(
    'of %s',
    async (path) => {
      const plain = await shop.ask(path);
      const etag = plain.headers.get('ETag') ?? '"none"';
      // Also without an Origin: what is kept of it may be given to a page of any site.
      expect(varies(plain)).toBe(true);
      expect(plain.headers.has('Access-Control-Allow-Origin')).toBe(false);
      for (const origin of ['https://shop.example', 'https://evil.example']) {
        for (const condition of ['"none"', etag]) {
          const headers = { Origin: origin, 'If-None-Match': condition };
          const response = await shop.ask(path, { headers });
          expect(varies(response)).toBe(true);
          const allowed = origin === 'https://shop.example' ? origin : null;
          expect(response.headers.get('Access-Control-Allow-Origin')).toBe(allowed);
        }
      }
    },
  );

  it.each([
    'https://shop.example.evil.example',
    'https://evil-shop.example',
    'http://shop.example',
    'https://shop.example:8443',
    'HTTPS://SHOP.EXAMPLE',
    'null',
    '*',
    ',',
  ])('the origin %s is not listed', async (origin) => {
    const preflight = { 'Access-Control-Request-Method': 'POST', Origin: origin };
    for (const init of [{ headers: { Origin: origin } }, { method: 'OPTIONS', headers: preflight }]) {
      expect((await shop.ask(NEXT, init)).headers.has('Access-Control-Allow-Origin')).toBe(false);
    }
  });

  it('and where every origin may read, one answer serves all', async () => {
    expect(
      (await worker.ask(NEXT, { headers: { Origin: 'https://shop.example' } })).headers.has('Vary'),
    ).toBe(false);
  });
});

import { nextResponseSchema, predictResponseSchema } from '@pathcast/models/api';
import { beforeAll, describe, expect, it } from 'vitest';
import { createWorker, fixtureOf, problemOf, publish, twoVersions } from './support.ts';

const [pages, newer] = twoVersions();
const letters = fixtureOf('label-gru-onehot');
const worker = createWorker();
const URL = '/v1/models/pages/next?page=/p2&page=/p3&top=4';

beforeAll(async () => {
  await publish(pages);
  await publish(letters);
});

describe('next', () => {
  it('answers as :predict does', async () => {
    const { version, next } = nextResponseSchema.parse(await (await worker.ask(URL)).json());
    expect(version).toBe(pages.version);
    const batch = await worker.predict('pages', { instances: [{ history: ['/p2', '/p3'] }], top: 4 });
    expect(predictResponseSchema.parse(await batch.json()).predictions).toEqual([{ next }]);
  });

  it('gets the popular pages for no page at all', async () => {
    const { next } = nextResponseSchema.parse(await (await worker.ask('/v1/models/pages/next')).json());
    expect(next.slice(0, 2).map(({ page }) => page)).toEqual(['/p2', '/p3']);
  });

  it('may be kept by shared caches for a minute', async () => {
    const { headers } = await worker.ask(URL);
    expect(headers.get('Cache-Control')).toBe('public, max-age=60, stale-while-revalidate=600');
  });

  it('answers 304 to its own weak ETag, and to no other', async () => {
    const etag = (await worker.ask(URL)).headers.get('ETag') ?? '';
    expect(etag).toMatch(/^W\/"[0-9]{14}-[0-9a-f]{16}"$/);
    for (const tag of [etag, etag.slice(2), `"x", ${etag}`, '*']) {
      const response = await worker.ask(URL, { headers: { 'If-None-Match': tag } });
      expect(response.status).toBe(304);
      expect(response.headers.get('ETag')).toBe(etag);
      expect(await response.text()).toBe('');
    }
    const other = await worker.ask(`${URL}&part=recurrent`, { headers: { 'If-None-Match': etag } });
    expect(other.status).toBe(200);
  });

  it('changes its ETag with the version', async () => {
    const fresh = createWorker();
    const before = (await fresh.ask(URL)).headers.get('ETag');
    await publish(newer);
    fresh.wait(30_000);
    await fresh.ask(URL);
    await fresh.settle();
    const response = await fresh.ask(URL, { headers: { 'If-None-Match': before ?? '' } });
    expect(response.status).toBe(200);
    await publish(pages);
  });
});

describe('next refuses', () => {
  it.each([
    ['top=0', 'top: '],
    ['top=1000000', 'top: '],
    ['top=-1', 'top: must be a whole number'],
    ['top=ten', 'top: must be a whole number'],
    ['top=1&top=2', 'top: '],
    ['page=', 'page[0]: '],
    ['part=rules', 'part: this model has no part "rules"'],
    ['part=x', 'part: '],
    ['pages=/p2', '"pages"'],
    [`page=${'/p2&page='.repeat(1000)}/p2`, 'page: '],
  ])('?%.20s, naming the parameter', async (query, detail) => {
    const response = await worker.ask(`/v1/models/pages/next?${query}`);
    expect(response.status).toBe(400);
    expect((await problemOf(response)).detail).toContain(detail);
  });

  it('a labeller', async () => {
    const response = await worker.ask(`/v1/models/${letters.name}/next?page=a`);
    expect(response.status).toBe(400);
    expect((await problemOf(response)).detail).toContain('labels characters');
  });
});

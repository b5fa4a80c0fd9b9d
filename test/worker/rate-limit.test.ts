import { SELF } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { clientOf } from '@pathcast/worker/rate-limit';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createWorker, problemOf, publish, twoVersions } from './support.ts';

const [pages] = twoVersions();
const NEXT = '/v1/models/pages/next?page=/p2';
/** As in vitest.config.ts. */
const LIMIT = 5;

beforeAll(() => publish(pages));

const as = (address: string, init: RequestInit = {}) => ({
  ...init,
  headers: { 'CF-Connecting-IP': address },
});
const post = { method: 'POST', body: '{"instances":[["/p2"]]}' };

/** The statuses of requests, one after the other. */
async function statuses(count: number, ask: (i: number) => Promise<Response>): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await ask(i)).status);
  return found;
}

describe('Cloudflare’s limiter', () => {
  const limiter = env.RATE_LIMITER;
  if (!limiter) throw new Error('the binding is missing');
  const worker = createWorker({ limiter });

  it('answers a client 429 beyond its limit, over :predict and next together, and leaves others alone', async () => {
    const mixed = await statuses(LIMIT, (i) =>
      i % 2 === 0
        ? worker.ask(NEXT, as('203.0.113.1'))
        : worker.ask('/v1/models/pages/labels/stable:predict', as('203.0.113.1', post)),
    );
    expect(mixed).toEqual(Array(LIMIT).fill(200));
    for (const response of [
      await worker.ask(NEXT, as('203.0.113.1')),
      await worker.ask('/v1/models/pages:predict', as('203.0.113.1', post)),
    ]) {
      expect(response.status).toBe(429);
      expect(response.headers.get('Retry-After')).toBe('10');
      expect((await problemOf(response)).type).toBe('urn:pathcast:problem:too-many-requests');
    }
    expect((await worker.ask(NEXT, as('203.0.113.2'))).status).toBe(200);
  });

  it('counts predictions alone', async () => {
    const others = [
      '/v1/models',
      '/v1/models/pages',
      '/v1/models/pages/metadata',
      '/openapi.json',
      '/healthz',
    ];
    for (const path of others) {
      const ask = () => worker.ask(path, as('203.0.113.3'));
      expect(await statuses(2 * LIMIT, ask)).toEqual(Array(2 * LIMIT).fill(200));
    }
    expect((await worker.ask(NEXT, as('203.0.113.3'))).status).toBe(200);
  });

  it('counts a whole /64 of IPv6 as one', async () => {
    const ask = (i: number) => worker.ask(NEXT, as(`2001:db8:1:2:${i}::${i}`));
    expect(await statuses(LIMIT + 1, ask)).toEqual([...Array(LIMIT).fill(200), 429]);
    expect((await worker.ask(NEXT, as('2001:db8:1:3::1'))).status).toBe(200);
  });

  it('is asked by the Worker’s own entry', async () => {
    const ask = () => SELF.fetch(`http://worker${NEXT}`, as('203.0.113.4'));
    expect(await statuses(LIMIT + 1, ask)).toEqual([...Array(LIMIT).fill(200), 429]);
  });

  it('limits neither this machine nor requests without an address', async () => {
    for (const address of ['127.0.0.1', '::1', '']) {
      const ask = () => worker.ask(NEXT, as(address));
      expect(await statuses(2 * LIMIT, ask)).toEqual(Array(2 * LIMIT).fill(200));
    }
  });
});

describe('without a limiter that works', () => {
  it('nobody is limited where there is none', async () => {
    const worker = createWorker();
    const ask = () => worker.ask(NEXT, as('203.0.113.5'));
    expect(await statuses(2 * LIMIT, ask)).toEqual(Array(2 * LIMIT).fill(200));
  });

  it('a limiter that fails fails no request', async () => {
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const limiter = { limit: () => Promise.reject(new Error('no limiter today')) };
    expect((await createWorker({ limiter }).ask(NEXT, as('203.0.113.6'))).status).toBe(200);
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ message: 'no limiter today' }));
    log.mockRestore();
  });
});

describe('a client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::2:3:4:5:6', '0:0:0:2::/64'],
    ['fe80::', 'fe80:0:0:0::/64'],
    ['::1', undefined],
    ['127.1.2.3', undefined],
    ['', undefined],
  ])('of %s is %s', (address, client) => {
    expect(clientOf(address)).toBe(client);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../../client/src/index.ts';
import { type Answer, json, kept, NEXT, serveInTurn } from './server.ts';

const version = (number: number) => ({ ...NEXT, version: `2026010100000${number}` });

describe('an answer that the server lets be kept', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  it('is given again for that long from the question on, and no longer', async () => {
    const { endpoint, bodies } = await serveInTurn(kept(version(1)), kept(version(2)));
    const client = createClient({ endpoint });
    const ask = async () => (await client.next({ history: ['/a'] })).version.at(-1);
    expect(await ask()).toBe('1');
    vi.setSystemTime(Date.now() + 59_000);
    expect(await ask()).toBe('1');
    vi.setSystemTime(Date.now() + 1_000);
    expect(await ask()).toBe('2');
    expect(bodies).toHaveLength(2);
  });

  it('is old already when it was long on its way', async () => {
    const late: Answer = (...given) => {
      vi.setSystemTime(Date.now() + 40_000);
      kept(NEXT)(...given);
    };
    const { endpoint, bodies } = await serveInTurn(late, kept(NEXT));
    const client = createClient({ endpoint });
    await client.next({ history: [] });
    vi.setSystemTime(Date.now() + 19_000);
    await client.next({ history: [] });
    expect(bodies).toHaveLength(1);
    vi.setSystemTime(Date.now() + 1_000);
    await client.next({ history: [] });
    expect(bodies).toHaveLength(2);
  });

  it('is not changed by what a caller does to it', async () => {
    const { endpoint } = await serveInTurn(kept(NEXT));
    const client = createClient({ endpoint });
    const { next } = await client.next({ history: [] });
    (next as unknown[]).pop(); // as from JavaScript
    expect((await client.next({ history: [] })).next).toHaveLength(1);
  });

  it('survives the abort of one who was given it', async () => {
    const { endpoint, bodies } = await serveInTurn(kept(NEXT));
    const client = createClient({ endpoint });
    const abort = new AbortController();
    await client.next({ history: [], signal: abort.signal });
    const again = client.next({ history: [], signal: abort.signal });
    abort.abort();
    await again.catch(() => {});
    await client.next({ history: [] });
    expect(bodies).toHaveLength(1);
  });

  it.each(['no-store', 'no-cache, max-age=60', 'max-age=0', 'private', 'x'])(
    'is not one with “%s”',
    async (caching) => {
      const { endpoint, bodies } = await serveInTurn(kept(NEXT, caching));
      const client = createClient({ endpoint });
      for (let i = 0; i < 2; i++) await client.next({ history: [] });
      expect(bodies).toHaveLength(2);
    },
  );

  it('is not one with no Cache-Control, nor one of another client or another path', async () => {
    const plain = await serveInTurn(json(NEXT));
    const client = createClient({ endpoint: plain.endpoint });
    for (let i = 0; i < 2; i++) await client.next({ history: [] });
    expect(plain.bodies).toHaveLength(2);
    const { endpoint, bodies } = await serveInTurn(kept(NEXT));
    for (let i = 0; i < 2; i++) await createClient({ endpoint }).next({ history: [] });
    const read = (response: Response) => response.json();
    const other = createClient({ endpoint });
    for (let i = 0; i < 2; i++) await other.request('/v1/models', read);
    expect(bodies).toHaveLength(4);
  });

  it('makes room for others: no more than a visit’s are kept', async () => {
    const { endpoint, bodies } = await serveInTurn(kept(NEXT));
    const client = createClient({ endpoint });
    for (let page = 0; page < 40; page++) await client.next({ history: [`/${page}`] });
    await client.next({ history: ['/39'] });
    expect(bodies).toHaveLength(40);
    await client.next({ history: ['/0'] });
    expect(bodies).toHaveLength(41);
  });
});

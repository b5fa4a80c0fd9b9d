import { describe, expect, it, vi } from 'vitest';
import { createClient, HttpError, NetworkError, TimeoutError } from '../../client/src/index.ts';
import { type Answer, json, kept, NEXT, nowhere, serveInTurn } from './server.ts';

const broken: Answer = (_, response) => void response.destroy();
const halfway: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': 1000 }).write('{"model":');
  setTimeout(() => response.destroy(), 20);
};
const never: Answer = () => {};
/** Long enough for a request on loopback. */
const soon = () => new Promise((done) => setTimeout(done, 100));

describe('a request that the network fails', () => {
  it.each([
    ['before the head', broken],
    ['in the body', halfway],
  ])('is made once more: %s', async (_, failing) => {
    const { endpoint, bodies } = await serveInTurn(failing, json(NEXT));
    const { next } = await createClient({ endpoint }).next({ history: ['/a'] });
    expect(next).toEqual(NEXT.predictions[0]?.next);
    expect(bodies).toEqual(Array(2).fill('{"instances":[{"history":["/a"]}]}'));
  });

  it('is made no third time', async () => {
    const { endpoint, bodies } = await serveInTurn(broken, halfway, json(NEXT));
    await expect(createClient({ endpoint }).next({ history: [] })).rejects.toBeInstanceOf(NetworkError);
    expect(bodies).toHaveLength(2);
  });

  it('is made once more for any path, and read anew', async () => {
    const { endpoint, bodies } = await serveInTurn(halfway, json({ models: [] }));
    const read = (response: Response) => response.json();
    expect(await createClient({ endpoint }).request('/v1/models', read)).toEqual({ models: [] });
    expect(bodies).toHaveLength(2);
  });

  it('waits in between, at random up to 300 ms', async () => {
    const endpoint = await nowhere();
    vi.spyOn(Math, 'random').mockReturnValueOnce(0.99);
    const started = performance.now();
    await expect(createClient({ endpoint }).next({ history: [] })).rejects.toBeInstanceOf(NetworkError);
    expect(performance.now() - started).toBeGreaterThan(290);
  });

  it.each<[string, Answer]>([
    ['an error status', json({ detail: 'The server failed.', type: 'about:blank' }, 500)],
    ['no JSON', (_, response) => void response.end('<h1>Welcome</h1>')],
  ])('is not what %s is', async (_, answer) => {
    const { endpoint, bodies } = await serveInTurn(answer);
    await expect(createClient({ endpoint }).next({ history: [] })).rejects.not.toBeInstanceOf(NetworkError);
    expect(bodies).toHaveLength(1);
  });

  it('is not what a timeout or an abort is', async () => {
    const { endpoint, bodies } = await serveInTurn(never);
    const late = createClient({ endpoint, timeoutMs: 50 }).next({ history: [] });
    await expect(late).rejects.toBeInstanceOf(TimeoutError);
    const reason = new Error('the visitor left');
    const abort = new AbortController();
    const left = createClient({ endpoint }).next({ history: [], signal: abort.signal });
    setTimeout(() => abort.abort(reason), 50);
    await expect(left).rejects.toBe(reason);
    await new Promise((done) => setTimeout(done, 400));
    expect(bodies).toHaveLength(2);
  });

  it('sends nothing more when it is aborted between the two', async () => {
    const { endpoint, bodies } = await serveInTurn(broken);
    vi.spyOn(Math, 'random').mockReturnValueOnce(0.9);
    const abort = new AbortController();
    const left = createClient({ endpoint }).next({ history: [], signal: abort.signal });
    setTimeout(() => abort.abort('enough'), 100);
    await expect(left).rejects.toBe('enough');
    await new Promise((done) => setTimeout(done, 400));
    expect(bodies).toHaveLength(1);
  });
});

describe('an abort', () => {
  it('that came before sends nothing, and is heard even of an answer that is kept', async () => {
    const { endpoint, bodies } = await serveInTurn(kept(NEXT));
    const client = createClient({ endpoint });
    const signal = AbortSignal.abort('gone');
    await expect(client.next({ history: [], signal })).rejects.toBe('gone');
    await soon();
    expect(bodies).toHaveLength(0);
    await client.next({ history: [] });
    await expect(client.next({ history: [], signal })).rejects.toBe('gone');
  });

  it('is heard at once, also while a request waits to be made once more', async () => {
    vi.spyOn(Math, 'random').mockReturnValueOnce(1000); // five minutes
    const { endpoint } = await serveInTurn(broken);
    const abort = new AbortController();
    const left = createClient({ endpoint }).next({ history: [], signal: abort.signal });
    setTimeout(() => abort.abort('enough'), 100);
    await expect(left).rejects.toBe('enough');
  });
});

describe('a request that has ended', () => {
  it.each<[string, Answer]>([
    ['well', json(NEXT)],
    ['badly', json({}, 500)],
  ])('%s leaves no timer, for which Node would wait', async (_, answer) => {
    const { endpoint } = await serveInTurn(answer);
    const set = vi.spyOn(globalThis, 'setTimeout');
    const cleared = vi.spyOn(globalThis, 'clearTimeout');
    await createClient({ endpoint, timeoutMs: 123_456 })
      .next({ history: [] })
      .catch(() => {});
    const ours = set.mock.calls.findIndex(([, delay]) => delay === 123_456);
    expect(cleared).toHaveBeenCalledWith(set.mock.results[ours]?.value);
  });
});

describe('identical predictions', () => {
  it('share one request while it is under way, and get a copy each', async () => {
    const { endpoint, bodies } = await serveInTurn(json(NEXT));
    const client = createClient({ endpoint });
    const [one, other] = await Promise.all([
      client.next({ history: ['/a'], top: 3 }),
      client.next({ history: ['/a'], top: 3 }),
      client.next({ history: ['/b'], top: 3 }).catch(() => {}),
      client.next({ history: ['/a'], top: 4 }).catch(() => {}),
    ]);
    expect(bodies).toHaveLength(3);
    expect(one).toEqual(other);
    expect(one.next).not.toBe(other.next);
  });

  it('fail together, and the next call asks again', async () => {
    const { endpoint, bodies } = await serveInTurn(json({}, 503), json(NEXT));
    const client = createClient({ endpoint });
    const ask = () => client.next({ history: [] });
    for (const { status } of await Promise.allSettled([ask(), ask()])) expect(status).toBe('rejected');
    expect(bodies).toHaveLength(1);
    await ask();
    expect(bodies).toHaveLength(2);
  });

  it('go on for the one who stays when the other aborts', async () => {
    const { endpoint, bodies } = await serveInTurn(
      (...given) => void setTimeout(() => json(NEXT)(...given), 100),
    );
    const client = createClient({ endpoint });
    const abort = new AbortController();
    const leaving = client.next({ history: [], signal: abort.signal });
    const staying = client.next({ history: [], signal: new AbortController().signal });
    setTimeout(() => abort.abort('gone'), 30);
    await expect(leaving).rejects.toBe('gone');
    await expect(staying).resolves.toMatchObject({ model: 'navigation' });
    expect(bodies).toHaveLength(1);
  });

  it('are aborted when all have left, and asked anew by whoever comes at that very moment', async () => {
    const closed = vi.fn();
    const { endpoint, bodies } = await serveInTurn(
      (_, response) => void response.on('close', closed),
      json(NEXT),
    );
    const client = createClient({ endpoint });
    const aborts = [new AbortController(), new AbortController()];
    const leaving = aborts.map(({ signal }) => client.next({ history: [], signal }));
    await soon();
    for (const abort of aborts) abort.abort('gone');
    const coming = client.next({ history: [] });
    for (const { status } of await Promise.allSettled(leaving)) expect(status).toBe('rejected');
    await expect(coming).resolves.toMatchObject({ model: 'navigation' });
    expect(closed).toHaveBeenCalledOnce();
    expect(bodies).toHaveLength(2);
  });

  it('leave no listener on a signal that lives on', async () => {
    const { endpoint } = await serveInTurn(kept(NEXT));
    const client = createClient({ endpoint });
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    for (let i = 0; i < 3; i++) await client.next({ history: [], signal });
    // Each was bound to a signal of ours, which has taken it off since.
    const bounds = added.mock.calls.map(([, , options]) => Object(options).signal);
    expect(bounds).toHaveLength(3);
    for (const bound of bounds) expect(bound.aborted).toBe(true);
  });
});

describe('a server that asks to be left alone', () => {
  it.each<[string | undefined, number]>([
    ['10', 10],
    [undefined, 0],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 0],
  ])('with Retry-After %s is an HttpError with retryAfterSeconds %s', async (header, seconds) => {
    const problem = { type: 'urn:pathcast:problem:too-many-requests', detail: 'This client asks too often.' };
    const headers: Record<string, string> = header === undefined ? {} : { 'retry-after': header };
    const { endpoint, bodies } = await serveInTurn(json(problem, 429, headers));
    const error = await createClient({ endpoint })
      .next({ history: [] })
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 429, retryAfterSeconds: seconds, ...problem });
    expect(error.message).toBe(`POST ${error.url} answered 429: This client asks too often.`);
    expect(bodies).toHaveLength(1);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createClient,
  HttpError,
  InputError,
  NetworkError,
  PathcastError,
  ResponseError,
  TimeoutError,
} from '../../client/src/index.ts';
import { type Answer, json, NEXT, nowhere, serve } from './server.ts';

const LABELS = {
  model: 'hihello',
  version: '20260101000000',
  predictions: [
    { text: 'i', steps: [{ label: 'i', probability: 0.9, candidates: [{ label: 'i', probability: 0.9 }] }] },
  ],
};

describe('next and label', () => {
  it('post the history as text, which needs no preflight, and keep it out of the URL', async () => {
    const seen: unknown[] = [];
    const endpoint = await serve((request, response, body) => {
      seen.push([request.method, request.url, request.headers['content-type'], JSON.parse(body)]);
      json(NEXT)(request, response, body);
    });
    const client = createClient({ endpoint: `${endpoint}/`, navigationModel: 'my shop' });
    const answer = await client.next({ history: ['/a', '/ä'], top: 3, part: 'recurrent' });
    expect(answer).toEqual({
      model: 'navigation',
      version: '20260101000000',
      next: [{ page: '/b', probability: 0.5 }],
    });
    expect(seen).toEqual([
      [
        'POST',
        '/v1/models/my%20shop:predict',
        'text/plain;charset=UTF-8',
        { instances: [{ history: ['/a', '/ä'] }], top: 3, part: 'recurrent' },
      ],
    ]);
  });

  it('give each character its label and candidates', async () => {
    const client = createClient({ endpoint: await serve(json(LABELS)) });
    const { text, steps } = await client.label({ text: 'h', top: 1 });
    expect(text).toBe('i');
    expect(steps).toEqual(LABELS.predictions[0]?.steps);
  });

  it('rank the characters after a prefix, with the instance’s temperature', async () => {
    const bodies: unknown[] = [];
    const next = [{ character: 't', probability: 0.4 }];
    const endpoint = await serve((request, response, body) => {
      bodies.push([request.url, JSON.parse(body)]);
      json({ ...LABELS, model: 'towns', predictions: [{ next }] })(request, response, body);
    });
    const client = createClient({ endpoint, labelModel: 'towns' });
    const answer = await client.nextCharacters({ prefix: 'shu', top: 5, temperature: 0.5 });
    expect(answer).toEqual({ model: 'towns', version: LABELS.version, next });
    expect(bodies).toEqual([
      ['/v1/models/towns:predict', { instances: [{ prefix: 'shu', temperature: 0.5 }], top: 5 }],
    ]);
  });

  it('refuse pages where characters are asked for, naming the field', async () => {
    const client = createClient({ endpoint: await serve(json(NEXT)) });
    const error = await client.nextCharacters({ prefix: 'a' }).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'ResponseError', field: 'predictions[0].next[0].character' });
  });

  it('ask through the fetch that they are given', async () => {
    const asked: string[] = [];
    const client = createClient({
      endpoint: 'https://api.example',
      fetch: async (url) => {
        asked.push(String(url));
        return Response.json(NEXT);
      },
    });
    await client.next({ history: [] });
    expect(asked).toEqual(['https://api.example/v1/models/navigation:predict']);
  });
});

describe('a failing request', () => {
  const ask = (endpoint: string, timeoutMs = 2000) =>
    createClient({ endpoint, timeoutMs }).next({ history: ['/a'] });

  it('is a NetworkError when nobody listens', async () => {
    const endpoint = await nowhere();
    const error = await ask(endpoint).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ method: 'POST', url: `${endpoint}/v1/models/navigation:predict` });
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it('is a NetworkError when the body stops halfway', async () => {
    const endpoint = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('{"model":');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(ask(endpoint)).rejects.toBeInstanceOf(NetworkError);
  });

  it.each<[string, Answer]>([
    ['no head comes', () => {}],
    ['the body never ends', (_, response) => void response.writeHead(200).write('{')],
  ])('is a TimeoutError when %s', async (_, answer) => {
    const error = await ask(await serve(answer), 80).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toContain('80 ms');
  });

  it("carries the server's problem", async () => {
    const problem = {
      type: 'urn:pathcast:problem:model-not-found',
      title: 'Model not found',
      status: 404,
      detail: 'There is no model navigation.',
      error: 'There is no model navigation.',
    };
    const error = await ask(await serve(json(problem, 404))).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 404, detail: problem.detail, type: problem.type });
  });

  it('is an HttpError even when the error page is no problem', async () => {
    const endpoint = await serve((_, response) => void response.writeHead(502).end('<h1>Bad gateway</h1>'));
    const error = await ask(endpoint).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'HttpError', status: 502, detail: undefined });
  });

  it('is a ResponseError naming the body when the answer is no JSON', async () => {
    const endpoint = await serve((_, response) => void response.end('<h1>Welcome</h1>'));
    const error = await ask(endpoint).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'ResponseError', field: 'body', cause: expect.any(SyntaxError) });
  });

  it.each<[string, unknown]>([
    ['predictions[0].next', { ...NEXT, predictions: [] }],
    ['model', { ...NEXT, model: undefined }],
    [
      'predictions[0].next[0].probability',
      { ...NEXT, predictions: [{ next: [{ page: '/', probability: '0.5' }] }] },
    ],
    ['version', { ...NEXT, version: 3 }],
    ['predictions[0].next', { ...NEXT, predictions: [{ text: 'i' }] }],
    ['predictions[0].next[0].page', { ...NEXT, predictions: [{ next: [{ probability: 1 }] }] }],
    [
      'predictions[0].next[0].probability',
      { ...NEXT, predictions: [{ next: [{ page: '/', probability: 1.5 }] }] },
    ],
  ])('is a ResponseError naming %s', async (field, answer) => {
    const error = await ask(await serve(json(answer))).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ResponseError);
    expect(error.field).toBe(field);
  });

  it("rejects with the signal's reason, before and while it waits", async () => {
    const client = createClient({ endpoint: await serve(() => {}) });
    const reason = new Error('the visitor left');
    await expect(client.next({ history: [], signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const abort = new AbortController();
    const waiting = client.label({ text: 'h', signal: abort.signal });
    setTimeout(() => abort.abort(reason), 20);
    await expect(waiting).rejects.toBe(reason);
  });

  it('never gives back anything but a prediction or an error of ours, whatever JSON comes', async () => {
    let body: unknown;
    const fetched = async () => Response.json(body);
    const client = createClient({ endpoint: '', fetch: fetched });
    const shaken = fc.oneof(
      fc.jsonValue(),
      fc.record({ ...record(), predictions: fc.array(fc.jsonValue()) }),
    );
    await fc.assert(
      fc.asyncProperty(shaken, async (value) => {
        body = value;
        const answer = await client.next({ history: [] }).catch((error: unknown) => error);
        if (answer instanceof PathcastError) return;
        expect(answer).toMatchObject({ model: expect.any(String), next: expect.any(Array) });
      }),
    );
  });
});

function record() {
  return { model: fc.string(), version: fc.string() };
}

describe('bad input', () => {
  const client = createClient({
    endpoint: '',
    fetch: () => Promise.reject(new Error('nothing may be sent')),
  });

  it.each<[string, () => unknown]>([
    // @ts-expect-error as from JavaScript
    ['history must be an array', () => client.next({ history: '/a' })],
    // @ts-expect-error as from JavaScript
    ['history[1] must be a non-empty string', () => client.next({ history: ['/a', 7] })],
    ['text must be a non-empty string', () => client.label({ text: '' })],
    ['top must be a whole number, 1 to 100', () => client.next({ history: [], top: 0 })],
    ['top must be a whole number, 1 to 100', () => client.next({ history: [], top: 1e6 })],
    ['top must be a whole number, 1 to 100', () => client.label({ text: 'h', top: 1.5 })],
    ['prefix must be a non-empty string', () => client.nextCharacters({ prefix: '' })],
    ['top must be a whole number, 1 to 100', () => client.nextCharacters({ prefix: 'h', top: 0 })],
  ])('%s', async (message, act) => {
    const error = await Promise.resolve(act()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ message });
  });

  it('is refused when the client is made', () => {
    // @ts-expect-error as from JavaScript
    expect(() => createClient({})).toThrow('endpoint must be a string');
    for (const timeoutMs of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
      expect(() => createClient({ endpoint: '', timeoutMs })).toThrow(
        'timeoutMs must be a whole number, 1 to 2000000000',
      );
    }
    expect(createClient({ endpoint: '/', timeoutMs: undefined })).toMatchObject({ endpoint: '' });
    expect(() => createClient({ endpoint: '', labelModel: '' })).toThrow('labelModel must be a non-empty');
  });
});

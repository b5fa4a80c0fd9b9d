import { createApp } from '@pathcast/worker/app';
import type { DataPoint } from '@pathcast/worker/observability/data-point';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createWorker, fixtureOf, publish, slowBucket, twoVersions, type WorkerOptions } from './support.ts';

const [older, pages] = twoVersions();
const letters = fixtureOf('label-simple-embedding');
const ORIGIN = 'https://shop.example';

beforeAll(async () => {
  await publish(older);
  await publish(pages);
  await publish(letters);
});

/** A Worker whose log and data points are kept, with a clock of its own; every success is logged. */
function observed(options: WorkerOptions['observability'] & { allowedOrigins?: string } = {}) {
  const lines: string[] = [];
  const points: DataPoint[] = [];
  const { allowedOrigins = '*', ...rest } = options;
  const worker = createWorker({
    allowedOrigins,
    observability: {
      logSample: 1,
      log: (line) => lines.push(line),
      analytics: { writeDataPoint: (point) => points.push(point) },
      ...rest,
    },
  });
  const last = (): unknown => JSON.parse(lines.at(-1) ?? 'null');
  return { ...worker, lines, points, last };
}

/** The metrics of `Server-Timing` by name, in ms. */
function timing(response: Response): Record<string, number> {
  const header = response.headers.get('Server-Timing') ?? '';
  const metrics = header.split(', ').map((metric) => /^([a-z]+);dur=([0-9]+\.[0-9]+)$/.exec(metric));
  return Object.fromEntries(metrics.map((match) => [match?.[1], Number(match?.[2])]));
}

describe('Server-Timing', () => {
  it('of a first prediction has the load, the prediction and their total; later ones load nothing', async () => {
    const { bucket, now } = slowBucket(7);
    const worker = createWorker({ bucket, observability: { now } });
    const ask = async () => timing(await worker.predict('pages', { instances: [{ history: ['/p2'] }] }));
    const first = await ask();
    expect(Object.keys(first)).toEqual(['load', 'predict', 'total']);
    expect(first.load).toBeGreaterThanOrEqual(21); // the pointer, the manifest and the pack
    expect(first).toMatchObject({ predict: 0, total: first.load });
    expect(await ask()).toEqual({ load: 0, predict: 0, total: 0 });
  });

  it('tells what came after the store apart from what came before', async () => {
    let time = 0;
    const worker = createWorker({ observability: { now: () => (time += 1) } }); // every look at the clock takes 1 ms
    const {
      load = 0,
      predict = 0,
      total = 0,
    } = timing(await worker.predict('pages', { instances: [{ history: [] }] }));
    expect(load).toBeGreaterThan(0);
    expect(predict).toBeGreaterThan(0);
    expect(total).toBeGreaterThan(load + predict);
  });

  it.each(['/healthz', '/openapi.json', '/v1/models', '/nowhere', '/v1/models/nobody'])(
    'of %s has no prediction',
    async (path) => {
      const metrics = timing(await createWorker().ask(path));
      expect(metrics).toHaveProperty('total');
      expect(metrics).not.toHaveProperty('predict');
    },
  );

  it('is for those origins that may read the answer', async () => {
    const from = async (allowedOrigins: string, origin: string) =>
      (await createWorker({ allowedOrigins }).ask('/v1/models', { headers: { Origin: origin } })).headers;
    const open = await from('*', ORIGIN);
    expect(open.get('Timing-Allow-Origin')).toBe('*');
    expect(open.get('Access-Control-Expose-Headers')).toContain('Server-Timing');
    expect((await from(ORIGIN, ORIGIN)).get('Timing-Allow-Origin')).toBe(ORIGIN);
    expect((await from(ORIGIN, 'https://evil.example')).has('Timing-Allow-Origin')).toBe(false);
  });
});

describe('the log', () => {
  it('has one line of JSON a request, of fields that are all known beforehand', async () => {
    const worker = observed({ now: () => 0 });
    await worker.predict('pages', { instances: [{ history: ['/p2'] }, { history: [] }], part: 'recurrent' });
    expect(worker.lines).toHaveLength(1);
    expect(worker.last()).toEqual({
      event: 'request',
      method: 'POST',
      route: expect.stringMatching(/^\/v1\/models\/:[a-z]+$/),
      model: 'pages',
      version: pages.version,
      instances: 2,
      part: 'recurrent',
      status: 200,
      ms: 0,
      cold: false,
      problem: null,
      sample: 1,
    });
  });

  it.each<[string, RequestInit, Record<string, unknown>]>([
    ['/v1/models/pages/next?page=/p2', {}, { route: '/v1/models/:model/next', instances: 1, status: 200 }],
    ['/v1/models/pages/metadata', {}, { model: 'pages', version: pages.version, instances: null }],
    [`/v1/models/pages/versions/${older.version}/model.json`, {}, { model: 'pages', version: older.version }],
    ['/v1/models', {}, { route: '/v1/models', model: null, version: null }],
    ['/v1/models/secret-name', {}, { status: 404, model: null, problem: 'unknown-model' }],
    ['/v1/models/SECRET', {}, { status: 400, model: null, problem: 'invalid-request' }],
    ['/v1/models/pages/next?secret=1', {}, { status: 400, problem: 'invalid-request', model: null }],
    ['/secret', {}, { status: 404, route: null, problem: 'unknown-route' }],
    ['/v1/models', { method: 'DELETE' }, { status: 405, problem: 'method-not-allowed' }],
    ['/v1/models', { method: 'HEAD' }, { method: 'HEAD', status: 200, problem: null }],
    ['/v1/models/pages:predict', { method: 'POST', body: '{"secret":1}' }, { problem: 'invalid-request' }],
  ])('of %s %j', async (path, init, expected) => {
    const worker = observed();
    await worker.ask(path, init);
    expect(worker.lines).toHaveLength(1);
    expect(worker.last()).toMatchObject(expected);
    expect(worker.lines[0]?.toLowerCase()).not.toContain('secret');
  });

  it('calls every request cold that waited for the load, and none after it', async () => {
    const { bucket, now } = slowBucket(5);
    const lines: string[] = [];
    const worker = createWorker({
      bucket,
      observability: { now, logSample: 1, log: (line) => lines.push(line) },
    });
    const ask = () => worker.predict('pages', { instances: [{ history: [] }] });
    await Promise.all([ask(), ask(), ask()]);
    await ask();
    worker.wait(60_000); // the pointer is read again, and is the same
    await ask();
    const cold = lines.map((line) => (JSON.parse(line) as { cold: unknown }).cold); // checked below
    expect(cold).toEqual([true, true, true, false, false]);
  });

  it('leaves out what probes ask for, unless it fails', async () => {
    const worker = observed();
    await worker.ask('/healthz');
    expect(worker.lines).toEqual([]);
    await worker.ask('/healthz', { method: 'POST' });
    expect(worker.last()).toMatchObject({ route: '/healthz', status: 405 });
  });

  it('has the sample of the successes, and all errors', async () => {
    const draws = [0.1, 0.3, 0.29, 0.99];
    const worker = observed({ logSample: 0.3, random: () => draws.shift() ?? 1 });
    for (let i = 0; i < 4; i++) await worker.ask('/v1/models');
    expect(worker.lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { sample: 0.3 },
      { sample: 0.3 },
    ]);
    await worker.ask('/v1/models/nobody');
    expect(worker.last()).toMatchObject({ status: 404, sample: 1 });
    const silent = observed({ logSample: 0, random: () => 0 });
    await silent.ask('/v1/models');
    expect(silent.lines).toEqual([]);
  });

  it('calls an unexpected failure an internal error', async () => {
    const error = vi.spyOn(console, 'error').mockReturnValue();
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const fail = () => Promise.reject(new TypeError('secret'));
    const store = { names: fail, state: fail, peek: fail, publicFiles: fail, open: fail, verify: fail };
    await createApp({ store, allowedOrigins: '*', observability: { log } }).request('/v1/models');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ status: 500, problem: 'internal-error' });
    expect(lines[0]).not.toContain('secret');
    error.mockRestore();
  });

  it('holds nothing of any history, text, query, header or address, whatever else is logged', async () => {
    const logged: unknown[] = [];
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...args: unknown[]) => void logged.push(...args)),
    );
    const worker = observed({ log: (line) => console.log(line) });
    // A mark is found in a line whatever is done to the rest of a word; no field's name or value can hold it.
    const mark = 'qzq';
    const word = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `${mark}${text}`);
    const words = fc.array(word, { minLength: 1, maxLength: 5 });
    const body = fc.oneof(
      words.map((history) => ({ instances: [{ history }] })),
      word.map((text) => ({ instances: [{ text }] })),
      word.map((prefix) => ({ instances: [{ prefix }] })),
      fc.record({ instances: words, top: word, part: word }),
      words.map((names) => Object.fromEntries(names.map((name) => [name, name]))),
      word,
    );
    const headers = word.map((text) => {
      const value = encodeURIComponent(text);
      return {
        'User-Agent': value,
        'CF-Connecting-IP': value,
        'X-Forwarded-For': value,
        Referer: value,
        Origin: value,
        Cookie: value,
        'If-None-Match': value,
        Range: value,
      };
    });
    const path = words.map((parts) => parts.map(encodeURIComponent).join('/'));
    const model = fc.constantFrom('pages', letters.name, mark);
    await fc.assert(
      fc.asyncProperty(model, body, headers, path, words, async (name, body, headers, path, history) => {
        const query = new URLSearchParams(history.map((page) => ['page', page]));
        const at = (path: string, init?: RequestInit) => worker.ask(path, { headers, ...init });
        await at(`/v1/models/${name}:predict`, { method: 'POST', body: JSON.stringify(body) });
        await at(`/v1/models/${name}:${path}`, { method: 'POST', body: JSON.stringify(body) });
        await at(`/v1/models/${name}/next?${query}`);
        await at(`/v1/models/${name}/next?${mark}=${query}`);
        await at(`/v1/models/${name}/versions/${pages.version}/${path}`);
        await at(`/v1/models/${path}?${query}`);
        await at(`/${path}?${query}`);
      }),
      { numRuns: 150, seed: 1 },
    );
    for (const spy of spies) spy.mockRestore();
    expect(logged.length).toBe(150 * 7);
    expect(logged.filter((line) => typeof line !== 'string' || line.includes(mark))).toEqual([]);
    const points = JSON.stringify(worker.points);
    expect(worker.points.length).toBeGreaterThan(100);
    expect(points).not.toContain(mark);
  });
});

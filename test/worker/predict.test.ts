import { SELF } from 'cloudflare:test';
import {
  type LabelPrediction,
  LIMITS,
  metadataResponseSchema,
  modelsResponseSchema,
  type NextCharactersPrediction,
  predictResponseSchema,
  statusResponseSchema,
} from '@pathcast/models/api';
import { beforeAll, describe, expect, it } from 'vitest';
import { createWorker, fixtureOf, problemOf, publish, twoVersions } from './support.ts';

const [pages] = twoVersions();
const letters = fixtureOf('label-gru-onehot');
const own = fixtureOf('label-own');
const worker = createWorker();

beforeAll(async () => {
  await publish(pages);
  await publish(letters);
  await publish(own);
});

async function predictions(model: string, body: unknown) {
  const response = await worker.predict(model, body);
  expect(response.status).toBe(200);
  return predictResponseSchema.parse(await response.json());
}

describe(':predict', () => {
  it('answers a batch in order, with the version that answered', async () => {
    const instances = [{ history: ['/p2', '/p3'] }, { history: [] }, { history: ['/nowhere'] }];
    const answer = await predictions('pages', { instances, top: 3 });
    expect(answer).toMatchObject({ model: 'pages', version: pages.version });
    const one = await predictions('pages', { instances: instances.slice(0, 1), top: 3 });
    expect(answer.predictions).toHaveLength(3);
    expect(answer.predictions[0]).toEqual(one.predictions[0]);
    expect(answer.predictions[1]).toMatchObject({
      next: [{ page: '/p2' }, { page: '/p3' }, { page: '/p4' }],
    });
  });

  it('gives 20 pages unless it is told otherwise', async () => {
    const [prediction] = (await predictions('pages', { instances: [{ history: ['/p2'] }] })).predictions;
    expect(prediction).toHaveProperty('next.length', 20);
  });

  it('labels every character, with candidates only when it is asked for them', async () => {
    const plain = (await predictions(letters.name, { instances: [{ text: 'abc€' }] })).predictions;
    const wide = (await predictions(letters.name, { instances: [{ text: 'abc€' }], top: 2 })).predictions;
    expect(plain).toMatchObject([{ steps: { length: 4 } }]);
    expect(JSON.stringify(plain)).not.toContain('candidates');
    expect(wide).toMatchObject([{ steps: [{ candidates: { length: 2 } }, {}, {}, {}] }]);
  });

  it('ranks the characters after prefixes, as many as the instance asks for, else the request', async () => {
    const instances = [{ prefix: 'abc', top: 2 }, { prefix: 'abc' }, { prefix: '€' }];
    const { predictions: few } = await predictions(letters.name, { instances, top: 3 });
    expect(few).toMatchObject([{ next: { length: 2 } }, { next: { length: 3 } }, { next: { length: 3 } }]);
    const { predictions: many } = await predictions(letters.name, { instances: [{ prefix: 'abc' }] });
    expect(many).toMatchObject([{ next: { length: 20 } }]);
    const [{ steps }] = (await predictions(letters.name, { instances: [{ text: 'abc' }], top: 3 }))
      .predictions as [LabelPrediction]; // a text is labelled
    const last = steps
      .at(-1)
      ?.candidates?.map(({ label: character, probability }) => ({ character, probability }));
    expect(few[1]).toEqual({ next: last });
  });

  it('reads the newest characters of a long prefix', async () => {
    const newest = 'abcdefgh';
    expect(newest).toHaveLength(letters.spec.steps);
    const instances = [{ prefix: newest }, { prefix: `zzzz${newest}` }];
    const [short, long] = (await predictions(letters.name, { instances })).predictions;
    expect(long).toEqual(short);
  });

  it('flattens and sharpens the probabilities after a prefix by its temperature', async () => {
    const instances = [0.05, 1, 10].map((temperature) => ({ prefix: 'abc', temperature, top: 40 }));
    const answer = (await predictions(letters.name, { instances })).predictions as NextCharactersPrediction[]; // of prefixes
    const best = answer.map(({ next }) => next[0]?.probability ?? 0);
    expect(best[0]).toBeGreaterThan(best[1] ?? 1);
    expect(best[1]).toBeGreaterThan(best[2] ?? 1);
    for (const { next } of answer) {
      expect(next.map(({ character }) => character)).toEqual(
        answer[1]?.next.map(({ character }) => character),
      );
      expect(next.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    }
  });

  it.each(['text/plain', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', undefined])(
    'reads JSON sent as %s',
    async (type) => {
      const body = new TextEncoder().encode('{"instances":[{"history":["/p2"]}]}');
      const headers: Record<string, string> = type ? { 'Content-Type': type } : {};
      const response = await worker.ask('/v1/models/pages:predict', { method: 'POST', headers, body });
      expect(response.status).toBe(200);
    },
  );

  it('decodes the path before it splits it', async () => {
    const body = '{"instances":[{"history":["/p2"]}]}';
    const response = await worker.ask('/v1/models/pages%3Apredict', { method: 'POST', body });
    expect(response.status).toBe(200);
  });

  it('is answered by the Worker’s own entry', async () => {
    const body = '{"instances":[{"history":["/p2"]}]}';
    const request = new Request('http://worker/v1/models/pages:predict', { method: 'POST', body });
    const response = await SELF.fetch(request);
    expect(predictResponseSchema.parse(await response.json())).toMatchObject({ version: pages.version });
  });
});

describe(':predict refuses', () => {
  const one = [{ history: ['/p2'] }];
  const long = 'a'.repeat(letters.spec.steps + 1);
  it.each<[string, string, unknown, string]>([
    ['a top of 0', 'pages', { instances: one, top: 0 }, 'top: '],
    ['a top of a million', 'pages', { instances: one, top: 1e6 }, 'top: '],
    ['a top that is no whole number', 'pages', { instances: one, top: 1.5 }, 'top: '],
    ['a top that is a string', 'pages', { instances: one, top: '5' }, 'top: '],
    [
      'a history of 10,000 pages',
      'pages',
      { instances: [{ history: Array(10_000).fill('/p2') }] },
      'instances[0].history: ',
    ],
    [
      'a page that is a number',
      'pages',
      { instances: [...one, { history: ['/p2', 7] }] },
      'instances[1].history[1]: ',
    ],
    ['an empty page', 'pages', { instances: [{ history: [''] }] }, 'instances[0].history[0]: '],
    ['a history that is a string', 'pages', { instances: [{ history: '/p2' }] }, 'instances[0].history: '],
    ['an instance that is null', 'pages', { instances: [null] }, 'instances[0]: '],
    ['no instances', 'pages', {}, 'instances: '],
    ['an empty batch', 'pages', { instances: [] }, 'instances: '],
    [
      'a batch that is too large',
      'pages',
      { instances: Array(LIMITS.instances + 1).fill(one[0]) },
      'instances: ',
    ],
    ['an unknown field', 'pages', { instances: one, tpo: 5 }, '"tpo"'],
    ['an array', 'pages', [], 'the body: '],
    ['null', 'pages', null, 'the body: '],
    ['an unknown part', 'pages', { instances: one, part: 'magic' }, 'part: '],
    [
      'a part that the model lacks',
      'pages',
      { instances: one, part: 'rules' },
      'part: this model has no part',
    ],
    [
      'a text for a page model',
      'pages',
      { instances: [{ text: 'ab' }] },
      'instances[0]: this model ranks pages',
    ],
    [
      'a history for a labeller',
      letters.name,
      { instances: one },
      'instances[0]: this model labels characters',
    ],
    [
      'a text longer than the model',
      letters.name,
      { instances: [{ text: 'a' }, { text: long }] },
      `instances[1].text: it has ${long.length} characters; this model labels at most ${letters.spec.steps}`,
    ],
    ['an empty prefix', letters.name, { instances: [{ prefix: '' }] }, 'instances[0].prefix: '],
    ['a prefix that is a number', letters.name, { instances: [{ prefix: 7 }] }, 'instances[0].prefix: '],
    [
      'a top of a prefix that is too large',
      letters.name,
      { instances: [{ prefix: 'a', top: 1000 }] },
      'instances[0].top: ',
    ],
    [
      'a temperature of 0',
      letters.name,
      { instances: [{ prefix: 'a', temperature: 0 }] },
      'instances[0].temperature: ',
    ],
    ['an unknown field beside a prefix', letters.name, { instances: [{ prefix: 'a', tpo: 5 }] }, '"tpo"'],
    [
      'a prefix for a page model',
      'pages',
      { instances: [{ prefix: 'ab' }] },
      'instances[0]: this model ranks pages; send a history, not a prefix',
    ],
    [
      'a prefix for labels of their own',
      own.name,
      { instances: [{ prefix: 'ab' }] },
      'instances[0].prefix: this model gives characters labels of their own',
    ],
    [
      'a text among prefixes',
      letters.name,
      { instances: [{ prefix: 'a' }, { text: 'a' }] },
      'instances[1]: the first instance has a prefix',
    ],
    [
      'a prefix among texts',
      letters.name,
      { instances: [{ text: 'a' }, { prefix: 'a' }] },
      'instances[1]: the first instance has a text',
    ],
    ['an empty text', letters.name, { instances: [{ text: '' }] }, 'instances[0].text: '],
  ])('%s, naming the field', async (_, model, body, detail) => {
    const response = await worker.predict(model, body);
    expect(response.status).toBe(400);
    expect((await problemOf(response)).detail).toContain(detail);
  });

  it.each<[string, BodyInit | null, number, string]>([
    ['an empty body', null, 400, 'the body is empty'],
    ['a body that is not JSON', '{"instances":', 400, 'the body is not JSON'],
    ['a body that is not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400, 'the body is not UTF-8'],
    ['10 MB of JSON', JSON.stringify(['x'.repeat(10_000_000)]), 413, `${LIMITS.bodyBytes} bytes`],
  ])('%s', async (_, body, status, detail) => {
    const headers = { 'Content-Type': 'application/json' };
    const response = await worker.ask('/v1/models/pages:predict', { method: 'POST', headers, body });
    expect(response.status).toBe(status);
    expect((await problemOf(response)).detail).toContain(detail);
  });

  it('a body without an end, and does not read it for ever', async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(64 << 10).fill(0x20));
      },
    });
    const response = await worker.ask('/v1/models/pages:predict', { method: 'POST', body });
    expect(response.status).toBe(413);
    expect(pulled * (64 << 10)).toBeLessThan(20 * LIMITS.bodyBytes);
  });

  it.each([
    ['Content-Type', 'application/xml'],
    ['Content-Type', 'multipart/form-data; boundary=x'],
    ['Content-Encoding', 'gzip'],
  ])('a %s of %s', async (name, value) => {
    const init = { method: 'POST', headers: { [name]: value }, body: new Uint8Array([1]) };
    const response = await worker.ask('/v1/models/pages:predict', init);
    expect(response.status).toBe(415);
    expect((await problemOf(response)).detail).toContain(name);
  });

  it.each<[string, string, string, number, string]>([
    ['a model that is not there', 'POST', '/v1/models/nobody:predict', 404, 'model: '],
    ['a name that leads elsewhere', 'POST', '/v1/models/..%2fx:predict', 400, 'model: '],
    ['a name that leads elsewhere', 'GET', '/v1/models/..%2fx', 400, 'model: '],
    ['a name in capitals', 'GET', '/v1/models/PAGES/next', 400, 'model: '],
    ['another verb', 'POST', '/v1/models/pages:classify', 404, ':predict'],
    ['a model without a verb', 'POST', '/v1/models/pages', 405, 'pages:predict'],
    ['GET', 'GET', '/v1/models/pages:predict', 405, 'POST'],
    ['DELETE', 'DELETE', '/v1/models/pages', 405, 'GET, HEAD, POST'],
    ['PUT', 'PUT', '/healthz', 405, 'GET, HEAD'],
    ['a path of nothing', 'GET', '/v2/models', 404, '/v2/models'],
  ])('%s: %s %s', async (_, method, path, status, detail) => {
    const body = method === 'POST' ? '{"instances":[{"history":[]}]}' : null;
    const response = await worker.ask(path, { method, body });
    expect(response.status).toBe(status);
    expect((await problemOf(response)).detail).toContain(detail);
    if (status === 405) expect(response.headers.get('Allow')).toMatch(/^(GET, HEAD|POST|GET, HEAD, POST)$/);
  });
});

describe('the state of models', () => {
  it('lists every model with its version', async () => {
    const { models } = modelsResponseSchema.parse(await (await worker.ask('/v1/models')).json());
    expect(models).toContainEqual({ name: 'pages', version: pages.version });
    expect(models).toContainEqual({ name: letters.name, version: letters.version });
  });

  it('has TensorFlow Serving’s form', async () => {
    const response = await worker.ask('/v1/models/pages');
    const status = { error_code: 'OK', error_message: '' };
    const [only] = statusResponseSchema.parse(await response.json()).model_version_status;
    expect(only).toEqual({ version: pages.version, state: 'AVAILABLE', status });
  });

  it('gives the manifest with a signature', async () => {
    const response = await worker.ask('/v1/models/pages/metadata');
    const { model_spec, metadata } = metadataResponseSchema.parse(await response.json());
    expect(model_spec.version).toBe(pages.version);
    expect(metadata.manifest.spec).toEqual(pages.spec);
    expect(metadata.signature_def).toHaveProperty('signature_def.serving_default.inputs.history');
  });
});

import { env } from 'cloudflare:workers';
import { ROUTES } from '@pathcast/worker/app';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createWorker, problemOf, publish, twoVersions } from './support.ts';

const [pages] = twoVersions();
const READS = new Set(['get', 'head', 'list']);
/** What was asked of R2: a method and its key or prefix. */
const asked: [method: string, key: string][] = [];

/** R2 that writes down what it is asked. */
const bucket = new Proxy(env.MODELS, {
  get(target, method: string) {
    const value: unknown = Reflect.get(target, method);
    if (typeof value !== 'function') return value;
    return (...options: unknown[]) => {
      asked.push([method, typeof options[0] === 'string' ? options[0] : JSON.stringify(options[0] ?? '')]);
      return value.apply(target, options);
    };
  },
});
const worker = createWorker({ bucket });

beforeAll(() => publish(pages));

describe('there is no way to write', () => {
  const paths = ROUTES.flatMap(({ path, POST }) => {
    const filled = path
      .replace(':model', 'pages')
      .replace(':version', pages.version)
      .replace(':label', 'stable')
      .replace(/:path.*/, 'model.json');
    return POST ? [filled, `${filled}:predict`] : [filled];
  });

  it.each(paths)('to %s', async (path) => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND', 'MKCOL']) {
      const response = await worker.ask(path, { method, body: method === 'PROPFIND' ? null : '{}' });
      expect([method, response.status]).toEqual([method, 405]);
      expect((await problemOf(response)).type).toBe('urn:pathcast:problem:method-not-allowed');
      expect(response.headers.get('Allow')).toMatch(/^(GET, HEAD|GET, HEAD, POST)$/);
    }
  });

  it('and R2 is only read, whatever is asked', async () => {
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        const body = method === 'GET' || method === 'HEAD' ? null : '{"instances":[["/p2"]]}';
        const response = await worker.ask(path, { method, body });
        await response.arrayBuffer();
      }
    }
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(([method]) => !READS.has(method))).toEqual([]);
  });
});

describe('no key is built of a name that is none', () => {
  const NASTY = [
    '..',
    '.',
    '..%2f',
    '%2e%2e%2f',
    '..%5c',
    '%252e%252e%252f',
    '%00',
    'pages%00',
    'pages%2f',
    'pages%2fcurrent.json',
    'pages%0a',
    'pages%20',
    'PAGES',
    'p\u0430ges', // a Cyrillic a
    'pages\u200b',
    'ﬀ',
    '\uff0e\uff0e\uff0f', // full-width dots and slash
    '-pages',
    'constructor',
    '__proto__',
    '%ff%fe',
    '*',
    'a'.repeat(65),
    '1'.repeat(15),
    '٢٠٢٦١١٢٤١٢٠٠٠٠', // digits, but not ASCII's
  ];
  const segment = fc.oneof(
    fc.constantFrom(...NASTY),
    fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => encodeURIComponent(text)),
    fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).map((text) => text.replace(/[?#]/g, '')),
    fc.constantFrom('pages', pages.version),
  );
  const tail = fc.constantFrom('', ':predict', '/metadata', '/next', '/model.json', '/..%2fpack.safetensors');
  const path = fc.oneof(
    fc.tuple(segment, tail).map(([model, tail]) => `/v1/models/${model}${tail}`),
    fc
      .tuple(segment, fc.constantFrom('versions', 'labels'), segment, tail)
      .map(([model, kind, which, tail]) => `/v1/models/${model}/${kind}/${which}${tail}`),
  );
  /** What keys look like, written down apart from the code: a pointer, or a file of a version. */
  const KEY = /^models\/[a-z0-9][a-z0-9-]{0,63}\/(?:current\.json|[0-9]{14}\/[a-z0-9][a-z0-9._/-]*)$/;
  const LIST = /^\{.*"prefix":"models\/".*\}$/;

  it('whatever stands in a path, encoded or not', async () => {
    asked.length = 0;
    await fc.assert(
      fc.asyncProperty(path, fc.constantFrom('GET', 'POST'), async (path, method) => {
        const body = method === 'POST' ? '{"instances":[["/p2"]]}' : null;
        const response = await worker.ask(path, { method, body });
        expect(response.status).toBeLessThan(500);
        if (response.status >= 400) await problemOf(response);
        else await response.arrayBuffer();
      }),
      {
        numRuns: 1000,
        seed: 1,
        examples: NASTY.map((name) => [`/v1/models/${name}/versions/${name}/x`, 'GET']),
      },
    );
    const keys = new Set(asked.map(([, key]) => key));
    expect(keys.size).toBeGreaterThan(1);
    for (const key of keys) {
      expect(LIST.test(key) || KEY.test(key), key).toBe(true);
      expect(key).not.toContain('..');
    }
  });

  it.each(NASTY.filter((name) => !['.', '..', 'constructor', '%2e%2e%2f'].includes(name)))(
    'a model called %s is refused',
    async (name) => {
      for (const path of [
        `/v1/models/${name}/next`,
        `/v1/models/${name}/versions/${pages.version}/model.json`,
      ]) {
        const response = await worker.ask(path);
        expect([400, 404]).toContain(response.status);
        expect((await problemOf(response)).type).not.toBe('urn:pathcast:problem:unknown-file');
      }
    },
  );
});

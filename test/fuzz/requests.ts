import fc from 'fast-check';
import type { FuzzRequest } from './http.ts';

const anything = fc.anything({ withBigInt: false, maxDepth: 3 });
const text = fc.string({ unit: 'binary', maxLength: 12 });
const page = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 520 }).map((i) => `/p${i}`) }, text);

const instance = fc.oneof(
  fc.record({ history: fc.array(page, { maxLength: 30 }) }),
  fc.record({ text }),
  fc.record(
    { prefix: text, top: fc.integer({ min: -1, max: 120 }), temperature: fc.double() },
    { requiredKeys: ['prefix'] },
  ),
  fc.array(page),
  text,
  anything,
);
const inputs = fc.oneof(
  fc.record({ history: fc.array(fc.array(page)) }),
  fc.record({ text: fc.array(text) }),
  fc.array(fc.array(page)),
  fc.array(text),
  anything,
);

const predictBody = fc.record(
  {
    instances: fc.oneof({ weight: 4, arbitrary: fc.array(instance, { maxLength: 5 }) }, anything),
    inputs,
    top: fc.oneof(fc.integer({ min: -1, max: 120 }), anything),
    part: fc.oneof(fc.constantFrom('mixture', 'recurrent', 'rules', 'neighbours'), anything),
    signature_name: fc.oneof(fc.constantFrom('', 'serving_default'), anything),
  },
  { requiredKeys: [] },
);

const json = fc
  .oneof({ weight: 4, arbitrary: predictBody }, anything)
  .map((value) => JSON.stringify(value) ?? '');
/** A text with a piece cut out, doubled or changed. */
const torn = fc
  .tuple(json, fc.nat(), fc.nat(8), fc.string({ maxLength: 4 }))
  .map(([whole, at, length, piece]) => {
    const from = at % (whole.length + 1);
    return whole.slice(0, from) + piece + whole.slice(from + length);
  });
const body = fc.oneof(
  { weight: 6, arbitrary: json },
  { weight: 2, arbitrary: torn },
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom('', `{"instances":[{"history":[${'"/p1",'.repeat(2000)}"/p2"]}]}`, '['.repeat(5000)),
);

const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/octet-stream',
      '',
      'application/json; charset=latin1',
    ),
    'content-encoding': fc.constantFrom('identity', 'gzip', 'x'),
    origin: fc.constantFrom('https://a.example', 'null', 'x'),
    range: fc.oneof(
      fc.tuple(fc.nat(70_000), fc.nat(70_000)).map(([a, b]) => `bytes=${a}-${b}`),
      fc.stringMatching(/^bytes=[0-9,-]{0,20}$/),
    ),
    'if-none-match': fc.constantFrom('*', 'W/"x"', '"x", "y"', '"'),
    'if-range': fc.constantFrom('"x"', 'yesterday'),
    accept: fc.constantFrom('*/*', 'text/html'),
  },
  { requiredKeys: [] },
);

const method = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('GET', 'POST') },
  fc.constantFrom('HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
);

/** Characters that a request's first line may hold as they are. */
const segment = fc.oneof(
  fc.stringMatching(/^[!$&-;=@-[\]_a-z~|^`{}]{0,12}$/),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((value) => encodeURIComponent(value)),
  fc.constantFrom('..', '.', '..%2f', '%2e%2e', '%', '%ff', '%00', '%0d%0a', '//', ':predict', 'constructor'),
);

/** Requests of every route and form, well made and not. @param versions of each model by its name. */
export function requests(versions: Readonly<Record<string, string>>): fc.Arbitrary<FuzzRequest> {
  const names = Object.keys(versions);
  const model = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...names) }, segment);
  const version = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...Object.values(versions)) },
    fc.constantFrom('20000101000000', '1'),
    segment,
  );
  const file = fc.oneof(
    fc.constantFrom('manifest.json', 'model.json', 'pack.safetensors', 'vocabulary.txt', 'metadata'),
    segment,
  );
  const query = fc.oneof(
    fc.constant(''),
    fc
      .tuple(fc.array(page, { maxLength: 5 }), fc.integer({ min: -1, max: 130 }))
      .map(([pages, top]) => `?${pages.map((p) => `page=${encodeURIComponent(p)}&`).join('')}top=${top}`),
    fc.webQueryParameters().map((parameters) => `?${parameters.replaceAll(' ', '+')}`),
  );
  const path = fc.oneof(
    { weight: 6, arbitrary: model.map((name) => `/v1/models/${name}:predict`) },
    {
      weight: 3,
      arbitrary: fc.tuple(model, query).map(([name, asked]) => `/v1/models/${name}/next${asked}`),
    },
    model.map((name) => `/v1/models/${name}`),
    model.map((name) => `/v1/models/${name}/metadata`),
    fc.tuple(model, version, file).map((parts) => `/v1/models/${parts[0]}/versions/${parts[1]}/${parts[2]}`),
    fc.tuple(model, version).map((parts) => `/v1/models/${parts[0]}/versions/${parts[1]}:predict`),
    fc.tuple(model, segment).map((parts) => `/v1/models/${parts[0]}/labels/${parts[1]}:predict`),
    fc.constantFrom('/', '/healthz', '/openapi.json', '/v1/models', '/docs', '/v1', '/favicon.ico'),
    fc.array(segment, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
  );
  const any = fc.record({ path, headers, body, asked: method, isOdd: fc.nat(4) });
  return any.map(({ path, headers, body, asked, isOdd }) => {
    const fitting = path.includes(':predict') ? 'POST' : 'GET';
    const method = isOdd === 0 ? asked : fitting;
    return {
      method,
      path: path.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character)),
      headers: fitting === 'POST' && isOdd > 1 ? { 'content-type': 'application/json' } : headers,
      // Node sends none with these.
      body: ['GET', 'HEAD', 'OPTIONS'].includes(method) ? undefined : body,
    };
  });
}

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createWorker, fixtureOf, problemOf, publish, twoVersions } from './support.ts';

const [pages] = twoVersions();
const letters = fixtureOf('label-simple-embedding');
const worker = createWorker();
const RUNS = { numRuns: 300, seed: 1 };

beforeAll(async () => {
  await publish(pages);
  await publish(letters);
});

const model = fc.constantFrom('pages', letters.name);
const anything = fc.anything({ withBigInt: false, maxDepth: 3 });
const bare = fc.oneof(fc.array(fc.string(), { maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 12 }));
const instance = fc.oneof(
  bare,
  fc.record({ history: fc.array(fc.oneof(fc.constantFrom('/p2', '/p3'), fc.string({ unit: 'binary' }))) }),
  fc.record({ text: fc.string({ unit: 'binary', maxLength: 12 }) }),
  fc.record(
    { prefix: fc.string({ unit: 'binary', maxLength: 12 }), top: fc.integer(), temperature: fc.double() },
    { requiredKeys: ['prefix'] },
  ),
  anything,
);
const columns = fc.record(
  { history: fc.array(bare), text: fc.array(fc.string()), prefix: fc.array(fc.string()) },
  { requiredKeys: [] },
);
const request = fc.record(
  {
    instances: fc.oneof(fc.array(instance, { maxLength: 4 }), anything),
    inputs: fc.oneof(fc.array(bare, { maxLength: 4 }), columns, anything),
    signature_name: fc.oneof(fc.constantFrom('serving_default', ''), anything),
    top: fc.oneof(fc.integer(), anything),
    part: fc.oneof(fc.constantFrom('mixture', 'recurrent', 'rules'), anything),
  },
  { requiredKeys: [] },
);

async function expectNoFault(response: Response): Promise<void> {
  expect(response.status).toBeLessThan(500);
  if (response.status >= 400) await problemOf(response);
}

describe('no request makes the Worker fail', () => {
  it('whatever the JSON', async () => {
    const body = fc.oneof(request, anything);
    await fc.assert(
      fc.asyncProperty(model, body, async (name, body) =>
        expectNoFault(await worker.predict(name, body ?? null)),
      ),
      RUNS,
    );
  });

  it('whatever the bytes', async () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const init = { method: 'POST', body: new Uint8Array(body) };
        await expectNoFault(await worker.ask('/v1/models/pages:predict', init));
      }),
      RUNS,
    );
  });

  it('whatever the path and query', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        'pages',
        'versions',
        pages.version,
        'next',
        'metadata',
        'labels',
        'stable',
        'stable:predict',
        '..',
        '..%2f',
        '%',
        '%ff',
        ':predict',
      ),
      fc.string({ unit: 'grapheme', maxLength: 8 }).map(encodeURIComponent),
    );
    const query = fc.oneof(
      fc.constant(''),
      fc.webQueryParameters().map((text) => `?${text}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), query, async (parts, query) => {
        await expectNoFault(await worker.ask(`/v1/models/${parts.join('/')}${query}`));
      }),
      RUNS,
    );
  });

  it('whatever the range', async () => {
    const range = fc.oneof(
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
      fc.nat().map((n) => `bytes=-${n}`),
      fc.stringMatching(/^bytes=[0-9,-]{0,40}$/),
    );
    await fc.assert(
      fc.asyncProperty(range, async (range) => {
        const path = `/v1/models/pages/versions/${pages.version}/model.json`;
        const response = await worker.ask(path, { headers: { Range: range } });
        expect([200, 206, 416]).toContain(response.status);
        await response.arrayBuffer();
      }),
      RUNS,
    );
  });
});

import {
  columnsResponseSchema,
  metadataResponseSchema,
  type Outputs,
  type PredictResponse,
  predictResponseSchema,
  statusResponseSchema,
} from '@pathcast/models/api';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createWorker, fixtureOf, problemOf, publish, twoVersions } from './support.ts';

const [pages] = twoVersions();
const letters = fixtureOf('label-gru-onehot');
const worker = createWorker();

beforeAll(async () => {
  await publish(pages);
  await publish(letters);
});

/** The calls of TensorFlow Serving's REST page: `curl` with `-d`, whose Content-Type is that of a form. */
async function curl(path: string, data?: string): Promise<unknown> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'User-Agent': 'curl/8.5.0' };
  const init = data === undefined ? {} : { method: 'POST', headers, body: data };
  const response = await worker.ask(path, init);
  expect([path, response.status]).toEqual([path, 200]);
  expect(response.headers.get('Content-Type')).toMatch(/^application\/json/);
  return response.json();
}

const outputsOf = async (model: string, body: unknown) =>
  columnsResponseSchema.parse(await curl(`/v1/models/${model}:predict`, JSON.stringify(body))).outputs;

const predictionsOf = async (model: string, body: unknown) =>
  predictResponseSchema.parse(await curl(`/v1/models/${model}:predict`, JSON.stringify(body))).predictions;

describe('the documented calls of TensorFlow Serving', () => {
  const OWN = ['', `/versions/${pages.version}`, '/labels/stable'];

  it.each(OWN)('have the status of …%s', async (which) => {
    const status = { error_code: 'OK', error_message: '' };
    expect(statusResponseSchema.parse(await curl(`/v1/models/pages${which}`))).toEqual({
      model_version_status: [{ version: pages.version, state: 'AVAILABLE', status }],
    });
  });

  it.each(OWN)('have the metadata of …%s', async (which) => {
    const { model_spec, metadata } = metadataResponseSchema.parse(
      await curl(`/v1/models/pages${which}/metadata`),
    );
    expect(model_spec).toEqual({ name: 'pages', signature_name: 'serving_default', version: pages.version });
    expect(metadata.signature_def).toMatchObject({
      signature_def: {
        serving_default: {
          inputs: {
            history: { dtype: 'DT_STRING', tensor_shape: { dim: [{ size: '-1' }, { size: '-1' }] } },
          },
          outputs: { page: { dtype: 'DT_STRING' }, probability: { dtype: 'DT_FLOAT' } },
          method_name: 'tensorflow/serving/predict',
        },
      },
    });
  });

  it.each(OWN)('predict with …%s', async (which) => {
    const plain = await curl('/v1/models/pages:predict', '{"instances": [["/p2","/p3"]]}');
    expect(await curl(`/v1/models/pages${which}:predict`, '{"instances": [["/p2","/p3"]]}')).toEqual(plain);
  });

  it('take a single input without its name, in rows and in columns', async () => {
    const named = await predictionsOf('pages', { instances: [{ history: ['/p2'] }, { history: [] }] });
    expect(await predictionsOf('pages', { instances: [['/p2'], []] })).toEqual(named);
    const columns = await outputsOf('pages', { inputs: { history: [['/p2'], []] } });
    expect(await outputsOf('pages', { inputs: [['/p2'], []] })).toEqual(columns);
    const texts = await predictionsOf(letters.name, { instances: [{ text: 'abc' }] });
    expect(await predictionsOf(letters.name, { instances: ['abc'] })).toEqual(texts);
    expect(await outputsOf(letters.name, { inputs: ['abc'] })).toEqual(
      await outputsOf(letters.name, { inputs: { text: ['abc'] } }),
    );
  });

  it.each(['serving_default', ''])('name the signature %j', async (signature_name) => {
    const body = { signature_name, inputs: { history: [['/p2']] } };
    expect(await outputsOf('pages', body)).toEqual(await outputsOf('pages', { inputs: [['/p2']] }));
  });

  it('get exactly the outputs that the signature names', async () => {
    const asked = { pages: [['/p2']], [letters.name]: ['abc'] };
    for (const [model, inputs] of Object.entries(asked)) {
      const { metadata } = metadataResponseSchema.parse(await curl(`/v1/models/${model}/metadata`));
      const { signature_def } = metadata.signature_def as {
        signature_def: { serving_default: { outputs: Record<string, unknown> } };
      }; // its form is checked above
      const outputs = await outputsOf(model, { inputs });
      expect(Object.keys(outputs).sort()).toEqual(Object.keys(signature_def.serving_default.outputs).sort());
    }
  });

  it('get rectangular tensors: short texts end with "" and 0', async () => {
    const outputs = await outputsOf(letters.name, { inputs: { text: ['abc', 'a'] }, top: 2 });
    if (!('candidate_label' in outputs)) throw new Error('no candidates');
    expect(outputs.label.map((row) => row.length)).toEqual([3, 3]);
    expect(outputs.label[1]?.slice(1)).toEqual(['', '']);
    expect(outputs.probability[1]?.slice(1)).toEqual([0, 0]);
    expect(outputs.candidate_label?.map((text) => text.map((step) => step.length))).toEqual([
      [2, 2, 2],
      [2, 2, 2],
    ]);
    expect(outputs.candidate_label?.[1]?.[2]).toEqual(['', '']);
    expect(outputs.candidate_probability?.[1]?.[2]).toEqual([0, 0]);
  });
});

describe('a version or a label that does not answer', () => {
  const ask = (path: string, method = 'GET') =>
    worker.ask(path, { method, body: method === 'POST' ? '{"instances":[["/p2"]]}' : null });

  it.each<[string, string]>([
    ['GET', '/v1/models/pages/versions/20000101000000'],
    ['GET', '/v1/models/pages/versions/20000101000000/metadata'],
    ['POST', '/v1/models/pages/versions/20000101000000:predict'],
  ])('is not found, and the one that answers is named: %s %s', async (method, path) => {
    const response = await ask(path, method);
    expect(response.status).toBe(404);
    const { type, detail } = await problemOf(response);
    expect(type).toBe('urn:pathcast:problem:unknown-version');
    expect(detail).toBe(`version: "pages" answers with version ${pages.version}, not with 20000101000000`);
  });

  it.each<[string, string]>([
    ['GET', '/v1/models/pages/labels/canary'],
    ['GET', '/v1/models/pages/labels/canary/metadata'],
    ['POST', '/v1/models/pages/labels/canary:predict'],
    ['POST', '/v1/models/pages/labels/..%2fstable:predict'],
  ])('is not found: %s %s', async (method, path) => {
    const response = await ask(path, method);
    expect(response.status).toBe(404);
    const { type, detail } = await problemOf(response);
    expect(type).toBe('urn:pathcast:problem:unknown-label');
    expect(detail).toContain('label: models have only the label "stable"');
  });

  it.each<[string, string, number, string]>([
    ['GET', '/v1/models/pages/versions/1', 400, 'version: must be 14 digits'],
    ['POST', '/v1/models/pages/versions/latest:predict', 400, 'version: must be 14 digits'],
    ['POST', `/v1/models/pages/versions/${pages.version}:classify`, 404, '":classify"'],
    ['POST', '/v1/models/pages/labels/stable', 405, 'stable:predict'],
    ['GET', '/v1/models/pages/labels/stable:predict', 405, 'POST'],
    ['GET', '/v1/models/nobody/labels/stable', 404, 'model: '],
  ])('%s %s is refused', async (method, path, status, detail) => {
    const response = await ask(path, method);
    expect(response.status).toBe(status);
    expect((await problemOf(response)).detail).toContain(detail);
  });
});

describe('columns refuse what the model cannot take, naming the value', () => {
  it.each<[string, unknown, string]>([
    ['pages', { inputs: ['abc'] }, 'inputs[0]: this model ranks pages; send a history, not a text'],
    ['pages', { inputs: { prefix: ['a'] } }, 'inputs.prefix[0]: this model ranks pages'],
    [letters.name, { inputs: [['a']] }, 'inputs[0]: this model labels characters'],
    [letters.name, { inputs: { text: ['a', 'a'.repeat(99)] } }, 'inputs.text[1]: it has 99 characters'],
    [letters.name, { instances: ['a', 'a'.repeat(99)] }, 'instances[1]: it has 99 characters'],
    ['pages', { inputs: [[1, 2]] }, 'tensors of ids are not taken'],
    ['pages', { instances: [[['/a']]] }, 'tensors of ids are not taken'],
  ])('%s %j', async (model, body, detail) => {
    const response = await worker.predict(model, body);
    expect(response.status).toBe(400);
    expect((await problemOf(response)).detail).toContain(detail);
  });
});

describe('rows and columns agree', () => {
  const page = fc.oneof(
    fc.nat(41).map((n) => `/p${n}`),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }),
  );
  const histories = fc.array(fc.array(page, { maxLength: 12 }), { minLength: 1, maxLength: 5 });
  const texts = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 5,
  });
  const options = fc.record(
    { top: fc.integer({ min: 1, max: 100 }), part: fc.constantFrom('mixture', 'recurrent') },
    { requiredKeys: [] },
  );
  const RUNS = { numRuns: 100, seed: 1 };

  it('on the pages after histories', () =>
    fc.assert(
      fc.asyncProperty(histories, options, async (history, options) => {
        const rows = await predictionsOf('pages', {
          instances: history.map((history) => ({ history })),
          ...options,
        });
        expect(unstacked(await outputsOf('pages', { inputs: { history }, ...options }), 'page')).toEqual(
          rows,
        );
      }),
      RUNS,
    ));

  it('on the labels of texts', () =>
    fc.assert(
      fc.asyncProperty(texts, options, async (text, options) => {
        const rows = await predictionsOf(letters.name, { instances: text, ...options });
        expect(labelled(await outputsOf(letters.name, { inputs: { text }, ...options }))).toEqual(rows);
      }),
      RUNS,
    ));

  it('on the characters after prefixes', () =>
    fc.assert(
      fc.asyncProperty(texts, options, async (prefix, options) => {
        const instances = prefix.map((prefix) => ({ prefix }));
        const rows = await predictionsOf(letters.name, { instances, ...options });
        const outputs = await outputsOf(letters.name, { inputs: { prefix }, ...options });
        expect(unstacked(outputs, 'character')).toEqual(rows);
      }),
      RUNS,
    ));
});

/** Columns of pages or characters as rows, the filling left out. */
function unstacked(outputs: Outputs, name: 'page' | 'character') {
  const values = Reflect.get(outputs, name) as string[][]; // the schema has checked it
  return values.map((row, i) => ({
    next: row.flatMap((value, j) =>
      value === '' ? [] : [{ [name]: value, probability: outputs.probability[i]?.[j] }],
    ),
  }));
}

/** Columns of labels as rows. */
function labelled(outputs: Outputs): PredictResponse['predictions'] {
  if (!('label' in outputs)) throw new Error('no labels');
  const { label, probability, candidate_label, candidate_probability } = outputs;
  return label.map((row, i) => {
    const steps = row.flatMap((label, j) => {
      if (label === '') return [];
      const names = candidate_label?.[i]?.[j];
      const candidates = names?.map((label, k) => ({
        label,
        probability: candidate_probability?.[i]?.[j]?.[k] ?? -1,
      }));
      return [{ label, probability: probability[i]?.[j] ?? -1, ...(candidates ? { candidates } : {}) }];
    });
    return { text: steps.map(({ label }) => label).join(''), steps };
  });
}

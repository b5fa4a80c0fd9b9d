import { predictRequestSchema } from '@pathcast/models/api';
import { filePathSchema, MODEL_NAME, VERSION, versionAt } from '@pathcast/models/artifacts';
import { firstIssue } from '@pathcast/models/first-issue';
import { modelSpecSchema } from '@pathcast/models/spec';
import { checkWeights } from '@pathcast/models/weights';
import { describe, expect, it } from 'vitest';
import { randomModel } from '../support/models.ts';

const { spec } = randomModel();

describe('a spec', () => {
  it.each([
    [{ ...spec, input: { type: 'one-hot' } }, 'output: tied output needs an embedding input'],
    [{ ...spec, hiddenUnits: 8 }, 'input.units: tied output needs input.units (16) equal to hiddenUnits (8)'],
    [{ ...spec, cell: 'lstn' }, 'cell: '],
    [{ ...spec, layers: 0 }, 'layers: '],
    [{ ...spec, labels: 'next' }, 'labels: only the task "label" has labels'],
    [{ ...spec, attention: true }, 'Unrecognized key: "attention"'],
  ])('is refused with the field at fault', (value, message) => {
    const checked = modelSpecSchema.safeParse(value);
    expect(checked.success).toBe(false);
    if (!checked.success) expect(firstIssue(checked.error, 'the spec')).toContain(message);
  });

  it('refuses weights of other lengths by name', () => {
    const model = randomModel({ cell: 'lstm' });
    expect(() => checkWeights(model.spec, model.weights)).not.toThrow();
    const short = { ...model.weights, outputBias: new Float32Array(3) };
    expect(() => checkWeights(model.spec, short)).toThrow(
      'weights.outputBias has 3 values, its spec asks for 42',
    );
  });
});

describe('names', () => {
  it.each(['navigation', 'shop-2', 'a', '0'.repeat(64)])('of models allow %s', (name) => {
    expect(name).toMatch(MODEL_NAME);
  });

  it.each(['', '../x', 'a/b', 'A', '-a', 'a b', 'a.b', 'é', '0'.repeat(65), 'a\n'])(
    'of models refuse %j',
    (name) => {
      expect(name).not.toMatch(MODEL_NAME);
    },
  );

  it('of versions are 14 digits of UTC', () => {
    expect(versionAt(new Date('2026-11-23T18:15:00.900Z'))).toBe('20261123181500');
    for (const version of ['2026112318150', '20261123181500 ', '../20261123181'])
      expect(version).not.toMatch(VERSION);
  });

  it.each(['model.json', 'heads/1000/tokens.json', 'group1-shard1.bin'])('of files allow %s', (path) => {
    expect(filePathSchema.safeParse(path).success).toBe(true);
  });

  it.each([
    '',
    '/model.json',
    '../pack.safetensors',
    'a/../b',
    'a//b',
    'a\\b',
    'a%2fb',
    '.hidden',
    'metadata',
  ])('of files refuse %j', (path) => {
    expect(filePathSchema.safeParse(path).success).toBe(false);
  });
});

describe('a request that is not valid', () => {
  it.each([
    [{ instances: [] }, 'instances: '],
    [{ instances: [{ history: 'a' }] }, 'instances[0].history: '],
    [
      { instances: [1, 2] },
      'instances[0]: must be {"history": [pages]}, {"text": characters} or {"prefix": ',
    ],
    [
      { instances: [[1, 2]] },
      'instances[0][0]: must be a string, the name of a page; tensors of ids are not taken',
    ],
    [{ instances: [['/a', ['/b']]] }, 'instances[0][1]: must be a string'],
    [{ instances: [{ input: ['/a'] }] }, 'instances[0]'],
    [{ inputs: [1, 2] }, 'inputs[0]: must be a history, a list of pages; tensors of ids are not taken'],
    [
      { inputs: [[1, 2]] },
      'inputs[0][0]: must be a string, the name of a page; tensors of ids are not taken',
    ],
    [{ inputs: { history: [[1]] } }, 'inputs.history[0][0]: must be a string'],
    [{ inputs: { history: ['/a'] } }, 'inputs.history[0]: must be a history, a list of pages'],
    [{ inputs: { lstm_input: [['/a']] } }, 'inputs: Unrecognized key: "lstm_input"'],
    [{ inputs: { history: [['/a']], text: ['a'] } }, 'inputs: must have one of history, text and prefix'],
    [{ inputs: {} }, 'inputs: must have one of history, text and prefix'],
    [{ inputs: [] }, 'inputs: '],
    [{ inputs: { history: Array(257).fill([]) } }, 'inputs.history: '],
    [{ inputs: 'a' }, 'inputs: must be {"history": [[pages]]}'],
    [{ instances: [[]], inputs: [[]] }, 'inputs: cannot stand beside instances'],
    [{}, 'instances: is missing; send instances, a row each, or inputs, in columns'],
    [{ instances: [[]], signature_name: 'predict' }, 'signature_name: must be "serving_default"'],
    [{ instances: [{ history: [1] }] }, 'instances[0].history[0]: '],
    [{ instances: [{ text: 7 }] }, 'instances[0].text: '],
    [{ instances: [{ prefix: 7, top: 3 }] }, 'instances[0].prefix: '],
    [{ instances: [{ prefix: 'a', tpo: 3 }] }, 'instances[0]: Unrecognized key: "tpo"'],
    [{ instances: [{ text: 'a', top: 3 }] }, 'instances[0]: Unrecognized key: "top"'],
    [{ instances: [{ history: Array(10_000).fill('/a') }] }, 'instances[0].history: '],
    [{ instances: [{ history: [] }], top: 0 }, 'top: '],
    [{ instances: [{ history: [] }], top: 1_000_000 }, 'top: '],
    [{ instances: [{ history: [] }], part: 'magic' }, 'part: '],
    [{ instances: [{ text: 'a' }], verbose: true }, 'verbose'],
    [null, 'the request: '],
  ])('has its field named', (value, message) => {
    const checked = predictRequestSchema.safeParse(value);
    expect(checked.success).toBe(false);
    if (!checked.success) expect(firstIssue(checked.error)).toContain(message);
  });
});

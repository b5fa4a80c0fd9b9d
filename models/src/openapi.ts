import * as z from 'zod';
import {
  columnsResponseSchema,
  DEFAULT_TOP,
  healthResponseSchema,
  LIMITS,
  metadataResponseSchema,
  modelsResponseSchema,
  nextResponseSchema,
  predictRequestSchema,
  predictResponseSchema,
  problemSchema,
  STABLE,
  statusResponseSchema,
} from './api.ts';
import { modelNameSchema, versionSchema } from './artifacts.ts';
import { PREDICT_ANSWERS, PREDICT_REQUESTS } from './openapi-examples.ts';
import { PARTS } from './predictor/parts.ts';

const SCHEMAS = {
  PredictRequest: predictRequestSchema,
  PredictResponse: predictResponseSchema,
  ColumnsResponse: columnsResponseSchema,
  NextResponse: nextResponseSchema,
  ModelsResponse: modelsResponseSchema,
  StatusResponse: statusResponseSchema,
  MetadataResponse: metadataResponseSchema,
  HealthResponse: healthResponseSchema,
  Problem: problemSchema,
};

type SchemaName = keyof typeof SCHEMAS;

/** Says in one line what each status means; the problem's `detail` says the rest. */
const ERRORS = {
  400: 'A field is not valid.',
  404: 'There is no such model, version, label or file.',
  405: 'The method is not answered here: what ends with :predict is asked with POST.',
  413: `The body has more than ${LIMITS.bodyBytes} bytes.`,
  415: 'The body is none of application/json, text/plain and application/x-www-form-urlencoded.',
  416: 'The range lies outside the file.',
  429: 'The client asks too often; Retry-After says when to ask again.',
  503: 'The current version is missing or broken, and no earlier one is loaded.',
} as const;

const NOT_MODIFIED = { 304: { description: 'The answer is the one that If-None-Match names.' } };

const TAGS = [
  { name: 'Predictions', description: 'What follows a visit or a text.' },
  { name: 'Models', description: 'Which models answer, and with what.' },
  {
    name: 'Versions and labels',
    description:
      'TensorFlow Serving’s paths, and a version’s files. The label `stable` is the version that answers.',
  },
  { name: 'Service', description: 'The state of the service, and its contract.' },
] as const;

/** The API as an OpenAPI 3.1 document, its schemas generated from those that check requests and answers. */
export function openApi() {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Pathcast',
      version: '1',
      description:
        'Predicts the next page a visitor will open. Errors are application/problem+json (RFC 9457).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [],
    tags: TAGS,
    paths: paths(),
    components: { schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([k, v]) => [k, jsonSchema(v)])) },
  };
}

function paths() {
  const model = {
    ...parameter('model', 'path', jsonSchema(modelNameSchema), 'The name of a model.'),
    example: 'navigation',
  };
  const version = parameter('version', 'path', jsonSchema(versionSchema), '14 digits of UTC.');
  const stable = { type: 'string', enum: [STABLE] };
  const label = parameter('label', 'path', stable, 'Names the version that answers.');
  const path = parameter('path', 'path', { type: 'string' }, 'As the manifest lists it.');
  return {
    '/v1/models': {
      get: operation('listModels', 'The models that answer', {
        tag: 'Models',
        answers: ['ModelsResponse'],
        errors: [503],
        tagged: true,
      }),
    },
    '/v1/models/{model}:predict': { parameters: [model], post: predictOperation('predict') },
    '/v1/models/{model}/next': { parameters: [model], get: nextOperation() },
    ...modelPaths('/v1/models/{model}', [model], ''),
    '/v1/models/{model}/versions/{version}:predict': {
      parameters: [model, version],
      post: predictOperation('predictVersion', ', if this version answers'),
    },
    ...modelPaths('/v1/models/{model}/versions/{version}', [model, version], 'Version'),
    '/v1/models/{model}/labels/{label}:predict': {
      parameters: [model, label],
      post: predictOperation('predictLabel', ', by label'),
    },
    ...modelPaths('/v1/models/{model}/labels/{label}', [model, label], 'Label'),
    '/v1/models/{model}/versions/{version}/{path}': {
      parameters: [model, version, path],
      get: artifactOperation(),
    },
    '/healthz': {
      get: operation('health', 'Which models answer, and why others do not', {
        tag: 'Service',
        answers: ['HealthResponse'],
        errors: [503],
      }),
    },
    '/openapi.json': {
      get: {
        operationId: 'contract',
        summary: 'This document',
        tags: ['Service'],
        responses: {
          200: {
            description: 'OpenAPI 3.1',
            content: { 'application/json': { schema: { type: 'object' } } },
          },
          ...NOT_MODIFIED,
        },
      },
    },
  };
}

/** Status and metadata of what a path names: TensorFlow Serving has them of a model, a version and a label. */
function modelPaths(path: string, parameters: readonly unknown[], what: '' | 'Version' | 'Label') {
  const options = { tag: what === '' ? 'Models' : 'Versions and labels', tagged: true } as const;
  const of = what === '' ? 'a model' : `a ${what.toLowerCase()}`;
  const errors = [400, 404, 405, 503] as const;
  return {
    [path]: {
      parameters,
      get: operation(`model${what}Status`, `The state of ${of}, in TensorFlow Serving’s form`, {
        ...options,
        answers: ['StatusResponse'],
        errors,
      }),
    },
    [`${path}/metadata`]: {
      parameters,
      get: operation(`model${what}Metadata`, `The signature and the manifest of ${of} that answers`, {
        ...options,
        answers: ['MetadataResponse'],
        errors,
      }),
    },
  };
}

function predictOperation(operationId: string, which = '') {
  const json = { schema: reference('PredictRequest'), examples: PREDICT_REQUESTS };
  // The same document, of which OpenAPI says nothing more where its type is not JSON's.
  const contentSchema = reference('PredictRequest');
  const text = { schema: { type: 'string', contentMediaType: 'application/json', contentSchema } };
  return {
    ...operation(operationId, `Predicts for a batch of histories, texts or prefixes${which}`, {
      tag: which === '' ? 'Predictions' : 'Versions and labels',
      answers: ['PredictResponse', 'ColumnsResponse'],
      examples: PREDICT_ANSWERS,
      errors: [400, 404, 413, 415, 429, 503],
    }),
    description:
      'Rows (`instances`) are answered with `predictions`, columns (`inputs`) with `outputs`: pages after histories, labels of texts, characters after prefixes.',
    requestBody: {
      required: true,
      description:
        'JSON. Sent as text/plain it needs no CORS preflight; JSON under curl -d’s own type, application/x-www-form-urlencoded, is read too.',
      content: { 'application/json': json, 'text/plain': text },
    },
  };
}

function nextOperation() {
  const { top, part } = predictRequestSchema.shape;
  const pages = { type: 'array', items: { type: 'string', minLength: 1 }, maxItems: LIMITS.historyPages };
  const { responses, ...described } = operation('next', 'Predicts the next pages of one history', {
    tag: 'Predictions',
    answers: ['NextResponse'],
    errors: [400, 404, 429, 503],
    tagged: true,
  });
  return {
    ...described,
    responses: {
      ...responses,
      // Not of this API, and so no problem+json.
      431: { description: 'The URL is longer than the server in front of the API reads.' },
    },
    parameters: [
      {
        ...parameter('page', 'query', pages, 'The visit’s pages, oldest first.'),
        style: 'form',
        explode: true,
      },
      parameter('top', 'query', jsonSchema(top), `How many pages; ${DEFAULT_TOP} by default.`),
      parameter('part', 'query', jsonSchema(part), `What ranks; ${PARTS[0]} by default.`),
    ],
  };
}

function artifactOperation() {
  const content = { '*/*': { schema: {} } };
  return {
    operationId: 'artifact',
    summary: 'A public file of a version, which never changes',
    tags: ['Versions and labels'],
    parameters: [parameter('Range', 'header', { type: 'string' }, 'One range of bytes.')],
    responses: {
      200: { description: 'The file.', content },
      206: { description: 'The range of the file.', content },
      ...NOT_MODIFIED,
      ...problems([400, 404, 405, 416, 503]),
    },
  };
}

interface OperationOptions {
  readonly tag: (typeof TAGS)[number]['name'];
  /** The schemas of its answers, any of which may come. */
  readonly answers: readonly SchemaName[];
  readonly errors: readonly (keyof typeof ERRORS)[];
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
  /** Whether answers carry an ETag. */
  readonly tagged?: boolean;
}

function operation(
  operationId: string,
  summary: string,
  { tag, answers, errors, examples, tagged }: OperationOptions,
) {
  const [first, ...others] = answers.map(reference);
  const schema = others.length === 0 ? first : { oneOf: [first, ...others] };
  return {
    operationId,
    summary,
    tags: [tag],
    responses: {
      200: {
        description: summary,
        content: { 'application/json': { schema, ...(examples ? { examples } : {}) } },
      },
      ...(tagged ? NOT_MODIFIED : {}),
      ...problems(errors),
    },
  };
}

function problems(statuses: readonly (keyof typeof ERRORS)[]) {
  const content = { 'application/problem+json': { schema: reference('Problem') } };
  return Object.fromEntries(statuses.map((status) => [status, { description: ERRORS[status], content }]));
}

function parameter(name: string, where: 'path' | 'query' | 'header', schema: unknown, description: string) {
  return { name, in: where, ...(where === 'path' ? { required: true } : {}), description, schema };
}

function reference(name: SchemaName) {
  return { $ref: `#/components/schemas/${name}` };
}

/** OpenAPI 3.1 schemas are those of JSON Schema 2020-12, which its document need not repeat in each. */
function jsonSchema(schema: z.ZodType) {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', override: plainPairs });
  return rest;
}

/** Pairs as arrays of two: many readers of OpenAPI do not know `prefixItems`. */
function plainPairs({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { prefixItems } = jsonSchema;
  if (!prefixItems) return;
  const [items = true] = prefixItems; // both are the same here
  Object.assign(jsonSchema, { items, minItems: prefixItems.length, maxItems: prefixItems.length });
  delete jsonSchema.prefixItems;
}

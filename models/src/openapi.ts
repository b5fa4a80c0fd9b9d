import * as z from 'zod';
import {
  DEFAULT_TOP,
  healthResponseSchema,
  LIMITS,
  metadataResponseSchema,
  modelsResponseSchema,
  nextResponseSchema,
  predictRequestSchema,
  predictResponseSchema,
  problemSchema,
  statusResponseSchema,
} from './api.ts';
import { modelNameSchema, versionSchema } from './artifacts.ts';
import { PARTS } from './predictor/parts.ts';

const SCHEMAS = {
  PredictRequest: predictRequestSchema,
  PredictResponse: predictResponseSchema,
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
  404: 'There is no such model, version or file.',
  413: `The body has more than ${LIMITS.bodyBytes} bytes.`,
  415: 'The body is none of application/json, text/plain and application/x-www-form-urlencoded.',
  416: 'The range lies outside the file.',
  503: 'The current version is missing or broken, and no earlier one is loaded.',
} as const;

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
    paths: paths(),
    components: { schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([k, v]) => [k, jsonSchema(v)])) },
  };
}

function paths() {
  const model = parameter('model', 'path', jsonSchema(modelNameSchema), 'The name of a model.');
  const version = parameter('version', 'path', jsonSchema(versionSchema), '14 digits of UTC.');
  return {
    '/v1/models': {
      get: operation('listModels', 'The models that answer', { answer: 'ModelsResponse', errors: [503] }),
    },
    '/v1/models/{model}': {
      parameters: [model],
      get: operation('modelStatus', 'The versions of a model, in TensorFlow Serving’s form', {
        answer: 'StatusResponse',
        errors: [400, 404, 503],
      }),
    },
    '/v1/models/{model}/metadata': {
      parameters: [model],
      get: operation('modelMetadata', 'The signature and the manifest of the version that answers', {
        answer: 'MetadataResponse',
        errors: [400, 404, 503],
      }),
    },
    '/v1/models/{model}:predict': { parameters: [model], post: predictOperation() },
    '/v1/models/{model}/next': { parameters: [model], get: nextOperation() },
    '/v1/models/{model}/versions/{version}/{path}': {
      parameters: [
        model,
        version,
        parameter('path', 'path', { type: 'string' }, 'As the manifest lists it.'),
      ],
      get: artifactOperation(),
    },
    '/healthz': {
      get: operation('health', 'Which models answer, and why others do not', {
        answer: 'HealthResponse',
        errors: [503],
      }),
    },
    '/openapi.json': {
      get: {
        operationId: 'contract',
        summary: 'This document',
        responses: {
          200: {
            description: 'OpenAPI 3.1',
            content: { 'application/json': { schema: { type: 'object' } } },
          },
        },
      },
    },
  };
}

function predictOperation() {
  const body = { schema: reference('PredictRequest') };
  return {
    ...operation(
      'predict',
      'Predicts for a batch: the next pages of histories, the labels of texts, or the next characters of prefixes',
      { answer: 'PredictResponse', errors: [400, 404, 413, 415, 503] },
    ),
    requestBody: {
      required: true,
      description: 'JSON; as text/plain it needs no CORS preflight.',
      content: { 'application/json': body, 'text/plain': body },
    },
  };
}

function nextOperation() {
  const { top, part } = predictRequestSchema.shape;
  const pages = { type: 'array', items: { type: 'string', minLength: 1 }, maxItems: LIMITS.historyPages };
  return {
    ...operation('next', 'Predicts the next pages of one history', {
      answer: 'NextResponse',
      errors: [400, 404, 503],
      notModified: true,
    }),
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
    parameters: [parameter('Range', 'header', { type: 'string' }, 'One range of bytes.')],
    responses: {
      200: { description: 'The file.', content },
      206: { description: 'The range of the file.', content },
      304: { description: 'The file is the one that If-None-Match names.' },
      ...problems([400, 404, 416, 503]),
    },
  };
}

function operation(
  operationId: string,
  summary: string,
  options: { answer: SchemaName; errors: readonly (keyof typeof ERRORS)[]; notModified?: boolean },
) {
  const content = { 'application/json': { schema: reference(options.answer) } };
  return {
    operationId,
    summary,
    responses: {
      200: { description: summary, content },
      ...(options.notModified
        ? { 304: { description: 'The answer is the one that If-None-Match names.' } }
        : {}),
      ...problems(options.errors),
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
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12' });
  return rest;
}

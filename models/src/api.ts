import * as z from 'zod';
import { modelNameSchema, versionSchema } from './artifacts.ts';
import { manifestSchema } from './manifest.ts';
import { PARTS } from './predictor/parts.ts';

/**
 * The limits of the HTTP contract, each with its reason.
 * - `bodyBytes`: the largest batch of the longest histories fits, and a Worker parses it within a few ms.
 * - `instances`: a batch stays within a Worker's CPU budget.
 * - `historyPages`: more than any model reads; longer ones are a mistake, not a visit.
 * - `top`: beyond 100 pages nobody prefetches, and the answer outgrows the question.
 * - `temperature`: below and above, one character has all the probability, or all have the same.
 */
export const LIMITS = {
  bodyBytes: 1 << 20,
  instances: 256,
  historyPages: 1000,
  tokenCharacters: 2048,
  textCharacters: 4096,
  top: 100,
  temperature: { min: 0.05, max: 10 },
} as const;

export const DEFAULT_TOP = 20;

const page = z.string().min(1).max(LIMITS.tokenCharacters);
const probability = z.number().min(0).max(1);

const history = z.array(page).max(LIMITS.historyPages);
const top = z.int().min(1).max(LIMITS.top);

export const historyInstanceSchema = z.strictObject({
  /** The visit's pages, oldest first. Unknown pages are allowed; an empty history gets the popular pages. */
  history,
});

export const textInstanceSchema = z.strictObject({
  /** The characters to label, one label each. */
  text: z.string().min(1).max(LIMITS.textCharacters),
});

export const prefixInstanceSchema = z.strictObject({
  /** The characters that were written so far; the model reads its newest steps of them. */
  prefix: z.string().min(1).max(LIMITS.textCharacters),
  /** How many of the likeliest next characters, in place of the request's `top`. */
  top: top.optional(),
  /** Below 1 sharpens the probabilities, above 1 flattens them; 1 by default. */
  temperature: z.number().min(LIMITS.temperature.min).max(LIMITS.temperature.max).optional(),
});

/** `POST /v1/models/{model}:predict`: all instances of one kind, as the model's task asks. */
export const predictRequestSchema = z.strictObject({
  instances: z
    .array(
      z.union([historyInstanceSchema, textInstanceSchema, prefixInstanceSchema], {
        error:
          'must be {"history": [pages]}, {"text": characters} or {"prefix": characters}; tensors of ids are not taken',
      }),
    )
    .min(1)
    .max(LIMITS.instances),
  top: top.optional(),
  part: z.enum(PARTS).optional(),
});

/** The query of `GET /v1/models/{model}/next`: `page` may be repeated, oldest first. */
export const nextQuerySchema = z.strictObject({
  page: history,
  top: z
    .string()
    .regex(/^[0-9]{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(top)
    .optional(),
  part: z.enum(PARTS).optional(),
});

export const nextPredictionSchema = z.strictObject({
  /** Best first. */
  next: z.array(z.strictObject({ page: z.string(), probability })),
});

const labelSchema = z.strictObject({ label: z.string(), probability });

export const labelPredictionSchema = z.strictObject({
  /** The labels, put together. */
  text: z.string(),
  steps: z.array(
    labelSchema.extend({
      /** The `top` likeliest labels of the step, best first; only when the request asks with `top`. */
      candidates: z.array(labelSchema).optional(),
    }),
  ),
});

export const nextCharactersPredictionSchema = z.strictObject({
  /** Best first. */
  next: z.array(z.strictObject({ character: z.string(), probability })),
});

/** The answer of `:predict`, a prediction an instance in the order asked. */
export const predictResponseSchema = z.strictObject({
  model: modelNameSchema,
  version: versionSchema,
  predictions: z.union([
    z.array(nextPredictionSchema),
    z.array(labelPredictionSchema),
    z.array(nextCharactersPredictionSchema),
  ]),
});

/** `GET /v1/models/{model}/next`: one prediction. */
export const nextResponseSchema = nextPredictionSchema.extend({
  model: modelNameSchema,
  version: versionSchema,
});

/** `GET /v1/models`. */
export const modelsResponseSchema = z.strictObject({
  models: z.array(z.strictObject({ name: modelNameSchema, version: versionSchema })),
});

/** `GET /v1/models/{model}`, in TensorFlow Serving's form. */
export const statusResponseSchema = z.strictObject({
  model_version_status: z.array(
    z.strictObject({
      version: versionSchema,
      state: z.enum(['AVAILABLE', 'START', 'END']),
      status: z.strictObject({ error_code: z.string(), error_message: z.string() }),
    }),
  ),
});

/** `GET /v1/models/{model}/metadata`. */
export const metadataResponseSchema = z.strictObject({
  model_spec: z.strictObject({ name: modelNameSchema, signature_name: z.string(), version: versionSchema }),
  metadata: z.strictObject({ signature_def: z.unknown(), manifest: manifestSchema }),
});

/** Errors: RFC 9457, with TensorFlow Serving's `error` beside it. */
export const problemSchema = z.strictObject({
  /** Stable: `urn:pathcast:problem:<kind>`. */
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  error: z.string(),
});

export const healthResponseSchema = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  models: z.array(
    z.strictObject({
      name: z.string(),
      /** The version that answers, or null when none does. */
      version: versionSchema.nullable(),
      /** Why the current version does not answer, or null. */
      reason: z.string().nullable(),
    }),
  ),
});

export type PredictRequest = z.infer<typeof predictRequestSchema>;
export type PredictResponse = z.infer<typeof predictResponseSchema>;
export type NextPrediction = z.infer<typeof nextPredictionSchema>;
export type LabelPrediction = z.infer<typeof labelPredictionSchema>;
export type NextCharactersPrediction = z.infer<typeof nextCharactersPredictionSchema>;
export type NextResponse = z.infer<typeof nextResponseSchema>;
export type ModelsResponse = z.infer<typeof modelsResponseSchema>;
export type StatusResponse = z.infer<typeof statusResponseSchema>;
export type MetadataResponse = z.infer<typeof metadataResponseSchema>;
export type Problem = z.infer<typeof problemSchema>;
export type HealthResponse = z.infer<typeof healthResponseSchema>;

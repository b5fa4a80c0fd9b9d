import * as z from 'zod';
import { modelNameSchema, sha256Schema, versionSchema } from './artifacts.ts';
import { manifestSchema } from './manifest.ts';
import { PARTS } from './predictor/parts.ts';

/**
 * The limits of the HTTP contract, each with its reason.
 * - `bodyBytes`: the largest batch of usual histories fits, and a Worker parses it within a few ms.
 * - `instances`: a batch stays within a Worker's CPU budget.
 * - `historyPages`: more than any model reads; longer ones are a mistake, not a visit.
 * - `tokenCharacters`: longer than any page that browsers and servers agree on.
 * - `textCharacters`: more than any labeller reads; the model's own steps are the nearer limit.
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

/** The one signature that models have, and the one label: of the version that answers. */
export const SIGNATURE = 'serving_default';
export const STABLE = 'stable';

const page = z
  .string({ error: 'must be a string, the name of a page; tensors of ids are not taken' })
  .min(1)
  .max(LIMITS.tokenCharacters);
const text = z.string().min(1).max(LIMITS.textCharacters);
const probability = z.number().min(0).max(1);

const history = z
  .array(page, { error: 'must be a history, a list of pages; tensors of ids are not taken' })
  .max(LIMITS.historyPages);
const top = z.int().min(1).max(LIMITS.top);

export const historyInstanceSchema = z.strictObject({
  /** The visit's pages, oldest first. Unknown pages are allowed; an empty history gets the popular pages. */
  history,
});

export const textInstanceSchema = z.strictObject({
  /** The characters to label, one label each. */
  text,
});

export const prefixInstanceSchema = z.strictObject({
  /** The characters that were written so far; the model reads its newest steps of them. */
  prefix: text,
  /** How many of the likeliest next characters, in place of the request's `top`. */
  top: top.optional(),
  /** Below 1 sharpens the probabilities, above 1 flattens them; 1 by default. */
  temperature: z.number().min(LIMITS.temperature.min).max(LIMITS.temperature.max).optional(),
});

const batch = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(LIMITS.instances);

/** One instance a row. Where TensorFlow Serving leaves the name of a single input out, so may these. */
const rows = batch(
  z.union([historyInstanceSchema, textInstanceSchema, prefixInstanceSchema, history, text], {
    error:
      'must be {"history": [pages]}, {"text": characters} or {"prefix": characters}, or a bare list of pages or bare text; tensors of ids are not taken',
  }),
);

/** The column of the one input, by its name. */
const namedColumn = z
  .strictObject({ history: batch(history), text: batch(text), prefix: batch(text) })
  .partial()
  .refine((named) => Object.keys(named).length === 1, 'must have one of history, text and prefix')
  .meta({ minProperties: 1, maxProperties: 1 });

const columns = z.union([namedColumn, batch(history), batch(text)], {
  error: 'must be {"history": [[pages]]}, {"text": [texts]} or {"prefix": [texts]}, or a bare list of these',
});

/** `POST /v1/models/{model}:predict`: all instances of one kind, as the model's task asks; in rows or in columns. */
export const predictRequestSchema = z
  .strictObject({
    instances: rows.optional(),
    inputs: columns.optional(),
    signature_name: z
      .enum([SIGNATURE, ''], { error: `must be "${SIGNATURE}", the one signature that models have` })
      .optional(),
    top: top.optional(),
    part: z.enum(PARTS).optional(),
  })
  .refine(({ instances, inputs }) => instances === undefined || inputs === undefined, {
    path: ['inputs'],
    error: 'cannot stand beside instances; send rows or columns, not both',
  })
  .refine(({ instances, inputs }) => instances !== undefined || inputs !== undefined, {
    path: ['instances'],
    error: 'is missing; send instances, a row each, or inputs, in columns',
  })
  .meta({ oneOf: [{ required: ['instances'] }, { required: ['inputs'] }] });

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

/** The answer of `:predict` to rows: a prediction an instance in the order asked. */
export const predictResponseSchema = z.strictObject({
  model: modelNameSchema,
  version: versionSchema,
  predictions: z.union([
    z.array(nextPredictionSchema),
    z.array(labelPredictionSchema),
    z.array(nextCharactersPredictionSchema),
  ]),
});

const strings = z.array(z.array(z.string()));
const probabilities = z.array(z.array(probability));

/**
 * The answer of `:predict` to columns: a tensor an output, [n, k] for n instances. As TensorFlow's tensors are, each is
 * rectangular: a row with fewer values than the longest ends with "" and 0.
 */
export const columnsResponseSchema = z.strictObject({
  model: modelNameSchema,
  version: versionSchema,
  outputs: z.union([
    /** k pages, best first. */
    z.strictObject({ page: strings, probability: probabilities }),
    z.strictObject({
      /** A label a character, k that of the longest text. */
      label: strings,
      probability: probabilities,
      /** [n, k, top]: the likeliest labels of each, best first; only when the request asks with `top`. */
      candidate_label: z.array(strings).optional(),
      candidate_probability: z.array(probabilities).optional(),
    }),
    /** k characters, best first. */
    z.strictObject({ character: strings, probability: probabilities }),
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
  /** What all models that answer hold together. */
  memoryBytes: z.int().min(0),
  models: z.array(
    z.strictObject({
      name: z.string(),
      /** The version that answers, or null when none does. */
      version: versionSchema.nullable(),
      /** SHA-256 of that version's manifest, hex: it names every byte of the version. */
      manifestDigest: sha256Schema.nullable(),
      /** What the version holds in memory; 0 when none answers. */
      memoryBytes: z.int().min(0),
      /** Why the current version does not answer, or null. */
      reason: z.string().nullable(),
    }),
  ),
});

export type PredictRequest = z.infer<typeof predictRequestSchema>;
export type Instance = HistoryInstance | TextInstance | PrefixInstance;
export type HistoryInstance = z.infer<typeof historyInstanceSchema>;
export type TextInstance = z.infer<typeof textInstanceSchema>;
export type PrefixInstance = z.infer<typeof prefixInstanceSchema>;
export type PredictResponse = z.infer<typeof predictResponseSchema>;
export type ColumnsResponse = z.infer<typeof columnsResponseSchema>;
export type Outputs = ColumnsResponse['outputs'];
export type NextPrediction = z.infer<typeof nextPredictionSchema>;
export type LabelPrediction = z.infer<typeof labelPredictionSchema>;
export type NextCharactersPrediction = z.infer<typeof nextCharactersPredictionSchema>;
export type NextResponse = z.infer<typeof nextResponseSchema>;
export type ModelsResponse = z.infer<typeof modelsResponseSchema>;
export type StatusResponse = z.infer<typeof statusResponseSchema>;
export type MetadataResponse = z.infer<typeof metadataResponseSchema>;
export type Problem = z.infer<typeof problemSchema>;
export type HealthResponse = z.infer<typeof healthResponseSchema>;

import * as z from 'zod';
import { filePathSchema, modelNameSchema, sha256Schema, versionSchema } from './artifacts.ts';
import { modelSpecSchema } from './spec.ts';

const count = z.int().min(0);
const share = z.number().min(0).max(1);

/** Ranking quality over every scored step: shares, 0 to 1; ties count against the model. */
export const rankingSchema = z.strictObject({
  predictions: count,
  recallAt1: share,
  recallAt5: share,
  recallAt20: share,
  mrrAt20: share,
  /** The ends of the 95 % intervals, low and high, with sessions as the unit; absent for one session alone. */
  interval95: z
    .strictObject({ recallAt20: z.tuple([share, share]), mrrAt20: z.tuple([share, share]) })
    .optional(),
});

export type Ranking = z.infer<typeof rankingSchema>;

/** The served model less the baseline that is best at a measure, at the same steps. */
const differenceSchema = z.strictObject({
  baseline: z.string(),
  /** −1 to 1. */
  difference: z.number(),
  interval95: z.tuple([z.number(), z.number()]),
});

const breakdownRowSchema = z.strictObject({
  /** The first and the last value of the row; null for no last. */
  from: count,
  to: count.nullable(),
  predictions: count,
  /** By name: each baseline's, each part's, and `model`. */
  rankings: z.record(z.string(), rankingSchema.pick({ recallAt20: true, mrrAt20: true })),
});

export type BreakdownRow = z.infer<typeof breakdownRowSchema>;

const metricsSchema = z.strictObject({
  /** What was scored: `test` or `validation` sessions, or the `training` text of a labeller. */
  on: z.enum(['test', 'validation', 'training']),
  /** The served model and, beside it, what any newcomer would try first; by name, such as `markov`. */
  model: rankingSchema,
  baselines: z.record(z.string(), rankingSchema),
  /** The parts of the served mixture, each alone. */
  parts: z.record(z.string(), rankingSchema).optional(),
  difference: z.strictObject({ recallAt20: differenceSchema, mrrAt20: differenceSchema }).optional(),
  breakdowns: z
    .strictObject({
      /** By how many pages came before. */
      historyLength: z.array(breakdownRowSchema),
      /** By how often training saw the page to predict. */
      pageFrequency: z.array(breakdownRowSchema),
    })
    .optional(),
});

export type Metrics = z.infer<typeof metricsSchema>;

/**
 * How far the served probabilities can be trusted, measured at every step of validation sessions with weights that were
 * fitted on others.
 */
const calibrationSchema = z.strictObject({
  /** What the recurrent logits are divided by before their softmax. */
  temperature: z.number().positive(),
  /** Expected calibration error of the likeliest page of each step, over 15 equal bins of its probability, 0 to 1. */
  ece: share,
  /** The same of the recurrent model alone, at temperature 1. */
  eceRecurrent: share,
  /** The bins that hold a step: the mean probability of the likeliest page, and how often it came next. */
  bins: z.array(z.strictObject({ predicted: share, observed: share, count })),
  /** What a site gets that prefetches, at every step, all pages whose probability is at least the threshold. */
  thresholds: z.array(
    z.strictObject({
      threshold: share,
      /** The share of fetched pages that came next. */
      precision: share,
      /** The share of navigations whose page had been fetched. */
      coverage: share,
      /** Fetches a navigation. */
      fetches: z.number().min(0),
      /** Fetches a navigation of pages that did not come next. */
      wasted: z.number().min(0),
    }),
  ),
});

export type Calibration = z.infer<typeof calibrationSchema>;

/**
 * Everything known about a version: how it was made, how good it is, and the size and SHA-256 of its files. It names no
 * local path and nothing of any visitor.
 */
export const manifestSchema = z.strictObject({
  format: z.literal('pathcast-manifest/1'),
  name: modelNameSchema,
  version: versionSchema,
  createdAt: z.iso.datetime(),
  spec: modelSpecSchema,
  /** SHA-256 of `vocabulary.txt`. */
  vocabularyDigest: sha256Schema,
  /** The resolved training configuration: every option, defaults included. */
  config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  data: z.strictObject({
    format: z.string(),
    /** Sessions, or pairs of texts. */
    sessions: count,
    events: count,
    tokens: count,
    testSessions: count,
    /** When the last session began; absent where the data has no times. */
    until: z.iso.datetime().optional(),
  }),
  metrics: metricsSchema.nullable(),
  /** The parts of the served probability, by their mean weight over validation steps; the weights sum to 1. */
  mixture: z.strictObject({ recurrent: share, rules: share.optional(), neighbours: share.optional() }),
  /** Absent for labellers, and where too few sessions were held out to measure it. */
  calibration: calibrationSchema.optional(),
  /** Heads of the catalogue that a browser can fine-tune, smallest first. */
  heads: z.array(z.strictObject({ tokens: z.int().min(1), path: filePathSchema })),
  files: z
    .array(
      z.strictObject({
        path: filePathSchema,
        bytes: count,
        sha256: sha256Schema,
        public: z.boolean(),
      }),
    )
    .min(1),
  tools: z.record(z.string(), z.string()),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestFile = Manifest['files'][number];

/** The tokens of a head, in id order from 2: `heads/<n>/tokens.json`. */
export const headTokensSchema = z.array(z.string().min(1)).min(1);

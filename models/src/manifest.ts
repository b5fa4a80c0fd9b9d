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
});

export type Ranking = z.infer<typeof rankingSchema>;

const metricsSchema = z.strictObject({
  /** What was scored: `test` or `validation` sessions, or the `training` text of a labeller. */
  on: z.enum(['test', 'validation', 'training']),
  /** The served model and, beside it, what any newcomer would try first; by name, such as `markov`. */
  model: rankingSchema,
  baselines: z.record(z.string(), rankingSchema),
});

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
  }),
  metrics: metricsSchema.nullable(),
  /** The parts of the pack and their weights in the served mixture. */
  mixture: z.record(z.string(), share),
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

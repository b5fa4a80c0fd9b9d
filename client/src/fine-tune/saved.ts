import { modelSpecSchema } from '@pathcast/models/spec';
import * as z from 'zod';
import { deltaWeightsSchema } from './delta.ts';
import { weightEntriesSchema } from './weights.ts';

/** A head as it was downloaded, so that what was learnt answers with no request at all. */
export const savedBaseSchema = z.object({
  format: z.literal('pathcast-base/1'),
  version: z.string(),
  /** Of the whole vocabulary, hex. */
  vocabularyDigest: z.string(),
  /** SHA-256 of each shard, hex, in order: the one thing that a delta fits. */
  digest: z.string(),
  /** With the head's own vocabulary size. */
  spec: modelSpecSchema,
  /** In id order from 2. */
  tokens: z.array(z.string()),
  entries: weightEntriesSchema,
  shards: z.array(z.instanceof(ArrayBuffer)),
});

export type SavedBase = z.infer<typeof savedBaseSchema>;

/** What was learnt, less the base. */
export const savedDeltaSchema = z.object({
  format: z.literal('pathcast-delta/1'),
  /** Which base it was learnt on: it fits no other. */
  base: z.object({ version: z.string(), digest: z.string() }),
  /** The visitor's own tokens, in id order after the base's. */
  tokens: z.array(z.string()),
  weights: deltaWeightsSchema,
});

export type SavedDelta = z.infer<typeof savedDeltaSchema>;

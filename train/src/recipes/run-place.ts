import { type Manifest, manifestSchema } from '@pathcast/models/manifest';
import { SUPPORT_BINS } from '@pathcast/models/predictor/mixture';
import { z } from 'zod';
import type { EpochRecord, FitPlace } from '../fit/fit.ts';
import { type FittedMixture, RULES, type RuleName } from '../mixture/fit-mixture.ts';

const count = z.int().min(0);

const epochSchema = z.strictObject({
  trainLoss: z.number(),
  learningRate: z.number(),
  seconds: z.number(),
  events: count,
  validation: z.strictObject({ loss: z.number(), recallAt20: z.number(), mrrAt20: z.number() }).optional(),
});

const fitPlaceSchema = z.strictObject({
  epochs: z.array(epochSchema),
  batches: count,
  events: count,
  lossSum: z.number(),
  seconds: z.number(),
  steadyEpochs: count,
});

/** What the first half of a run chose on sessions held out. */
const choiceSchema = z.strictObject({
  epochs: z.array(epochSchema),
  steadyEpochs: count,
  mixture: z
    .strictObject({
      temperature: z.number().positive(),
      weights: z
        .array(z.number())
        .length(SUPPORT_BINS * 3)
        .transform((weights) => Float32Array.from(weights)),
      rules: z.enum(Object.keys(RULES) as [RuleName, ...RuleName[]]).optional(), // the keys of a record of them
      neighbours: z.boolean(),
      shares: manifestSchema.shape.mixture,
      calibration: manifestSchema.shape.calibration,
    })
    // JSON has no undefined: what it leaves out is undefined again.
    .transform(({ rules, calibration, ...rest }) => ({ ...rest, rules, calibration })),
  /** Null where a test file is to be asked instead. */
  metrics: manifestSchema.shape.metrics,
});

/** Where a run is: what a checkpoint holds beside the tables. */
const runPlaceSchema = z.strictObject({
  /** Digests of what the run is of. */
  of: z.strictObject({ data: z.string(), options: z.string() }),
  /** Absent until the choice is made: the fit is then that of the first half. */
  choice: choiceSchema.optional(),
  fit: fitPlaceSchema,
});

/** What the first half of a run chose: see {@link choiceSchema}. */
export interface RunChoice {
  readonly epochs: readonly EpochRecord[];
  readonly steadyEpochs: number;
  readonly mixture: FittedMixture;
  readonly metrics: Manifest['metrics'];
}

/** Where a run is: see {@link runPlaceSchema}. */
export interface RunPlace {
  readonly of: { readonly data: string; readonly options: string };
  readonly choice?: RunChoice | undefined;
  readonly fit: FitPlace;
}

/** @returns undefined when it is not a place of this version. */
export function parseRunPlace(place: unknown): RunPlace | undefined {
  return runPlaceSchema.safeParse(place).data;
}

/** A place as plain data. */
export function plainPlace({ of, choice, fit }: RunPlace): unknown {
  if (!choice) return { of, fit };
  const { mixture } = choice;
  return { of, fit, choice: { ...choice, mixture: { ...mixture, weights: Array.from(mixture.weights) } } };
}

import type { ModelSpec } from '@pathcast/models/spec';
import { allCandidates, type DrawCandidates, sampledCandidates } from './candidates.ts';
import type { StepSettings } from './trainer.ts';

/** What every worker of a run must agree on. Plain data: it crosses threads. */
export interface Course {
  readonly spec: ModelSpec;
  readonly settings: StepSettings;
  /** Windows a step. */
  readonly batchSize: number;
  readonly negatives: Negatives;
  readonly seed: number;
}

/** How a step's candidates are drawn; `count` 0 is the full softmax. */
export interface Negatives {
  readonly count: number;
  /** Exponent of the support. */
  readonly alpha: number;
}

/** @param support uint32 [V − 2]: how often training saw each token. */
export function drawFor({ spec, negatives }: Course, support: Uint32Array): DrawCandidates {
  return negatives.count === 0
    ? allCandidates(spec.vocabularySize)
    : sampledCandidates({ support, negatives: negatives.count, alpha: negatives.alpha });
}

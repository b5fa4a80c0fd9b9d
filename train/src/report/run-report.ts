import type { Manifest } from '@pathcast/models/manifest';

/** What the report takes from the manifest. */
type Told =
  | 'name'
  | 'version'
  | 'createdAt'
  | 'spec'
  | 'config'
  | 'data'
  | 'metrics'
  | 'calibration'
  | 'tools';

/**
 * All that a run has to say of itself: what its manifest says, and what only the run knows. Shares are 0 to 1. Whatever
 * is absent or empty is left out of the report: a labeller, for one, has no calibration.
 */
export interface RunReport extends Pick<Manifest, Told> {
  /** The command line that repeats the run; names no local path that a reader may not see. */
  readonly command: string;
  /** Oldest first; an epoch is one pass over the data, or one iteration of a full-batch run. */
  readonly curves?: readonly EpochReport[] | undefined;
  /** float32 [16, 3], as in `Mixture`: the weight of each part by the current page's support bin. */
  readonly mixtureWeights?: Float32Array | undefined;
  readonly resources?: ResourcesReport | undefined;
}

export interface EpochReport {
  /** `choosing` holds sessions out to choose settings on; `final` fits everything for the epochs chosen. */
  readonly phase: 'choosing' | 'final';
  /** From 1 in each phase. */
  readonly epoch: number;
  /** Nats a scored step. */
  readonly trainLoss: number;
  readonly validationLoss?: number | undefined;
  readonly recallAt20?: number | undefined;
  readonly mrrAt20?: number | undefined;
  readonly learningRate: number;
  readonly seconds: number;
}

export interface ResourcesReport {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly eventsPerSecond: number;
  readonly workers: number;
  readonly backend: string;
}

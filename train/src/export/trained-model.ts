import type { Calibration, Manifest } from '@pathcast/models/manifest';
import type { Mixture } from '@pathcast/models/predictor/mixture';
import type { ModelSpec } from '@pathcast/models/spec';
import type { Vocabulary } from '@pathcast/models/vocabulary';
import type { ModelWeights } from '@pathcast/models/weights';

/** What training ends with, on the host: everything that the exports are made of. */
export interface TrainedModel {
  readonly spec: ModelSpec;
  readonly weights: ModelWeights;
  readonly vocabulary: Vocabulary;
  /** uint32 [V − 2]: how often training saw each token. */
  readonly counts: Uint32Array;
  /** What is served beside the recurrent model; without it that answers alone. */
  readonly mixture?: Mixture | undefined;
  /** The mean weight of each part, summing to 1, for the manifest. */
  readonly shares?: Manifest['mixture'] | undefined;
  readonly calibration?: Calibration | undefined;
}

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
}

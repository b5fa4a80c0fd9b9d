import type { ModelSpec } from '@pathcast/models/spec';
import { layersModelFiles } from '@pathcast/train/export/layers-model';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import type { io } from '@tensorflow/tfjs-core';

/** hihello's shape: one-hot letters, 10 units, a label a step. */
export const LABELLER: Partial<ModelSpec> = {
  task: 'label',
  hiddenUnits: 10,
  vocabularySize: 7,
  steps: 6,
  input: { type: 'one-hot' },
  output: 'dense',
  normalised: false,
};

/** A model's head as tfjs loads it: float16 weights and topology, in memory. */
export async function headArtifacts(
  model: TrainedModel,
  rows = model.spec.vocabularySize,
): Promise<io.ModelArtifacts> {
  const shards: ArrayBuffer[] = [];
  let document:
    | { modelTopology: object; weightsManifest: { weights: io.WeightsManifestEntry[] }[] }
    | undefined;
  for await (const { path, bytes } of layersModelFiles(model, { rows, dtype: 'float16' })) {
    if (path === 'model.json') document = JSON.parse(new TextDecoder().decode(bytes));
    else shards.push(bytes.slice().buffer);
  }
  if (!document) throw new Error('the export has no model.json');
  const weightSpecs = document.weightsManifest.flatMap(({ weights }) => weights);
  return { modelTopology: document.modelTopology, weightSpecs, weightData: shards };
}

import '@tensorflow/tfjs'; // registers the CPU backend and all gradients
import type { ArtifactFile } from '@pathcast/train/export/files';
import { layersModelFiles } from '@pathcast/train/export/layers-model';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';

/** Loads an exported `model.json` and its shards with plain tfjs and nothing of ours: the oracle. */
export async function loadExported(files: readonly ArtifactFile[], folder = ''): Promise<LayersModel> {
  const bytes = new Map(files.map((file) => [file.path, file.bytes]));
  const fetched = (path: string) => {
    const found = bytes.get(folder + path);
    if (!found) throw new Error(`no file ${folder}${path}`);
    return found;
  };
  const document = JSON.parse(new TextDecoder().decode(fetched('model.json')));
  const shards = document.weightsManifest.flatMap((group: { paths: string[] }) => group.paths.map(fetched));
  return loadLayersModel(
    tf.io.fromMemory({
      modelTopology: document.modelTopology,
      weightSpecs: document.weightsManifest.flatMap((group: { weights: unknown[] }) => group.weights),
      weightData: Uint8Array.from(shards.flatMap((shard: Uint8Array) => [...shard])).buffer,
    }),
  );
}

export async function exportLayers(
  model: TrainedModel,
  options?: Parameters<typeof layersModelFiles>[1],
): Promise<LayersModel> {
  const files: ArtifactFile[] = [];
  for await (const file of layersModelFiles(model, options)) files.push(file);
  return loadExported(files, options?.folder);
}

/** Probabilities of the layers model, row by row. */
export function layersProbabilities(model: LayersModel, ids: number[][]): number[][] {
  return tf.tidy(() => {
    const output = model.predict(tf.tensor2d(ids, undefined, 'int32'));
    if (Array.isArray(output)) throw new Error('one output is expected');
    const [classes] = output.shape.slice(-1);
    return tf.reshape(output, [-1, classes ?? 0]).arraySync() as number[][]; // rank 2 by the reshape
  });
}

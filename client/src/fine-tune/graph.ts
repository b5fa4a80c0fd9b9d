import { createLayersModel, isIdentityKernel, LAYER } from '@pathcast/models/layers';
import type { ModelSpec } from '@pathcast/models/spec';
import { FIRST_TOKEN_ID, UNKNOWN_ID } from '@pathcast/models/vocabulary';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel, model } from '@tensorflow/tfjs-layers';
import type { TunedWeights } from './tuned.ts';

/** A graph to fine-tune: cut at the logits, with the variables that may change. */
export interface TrainableGraph {
  /** ids int32 [B, T] → logits float32 [B, T, V]. */
  readonly logits: (ids: tf.Tensor2D) => tf.Tensor3D;
  readonly variables: tf.Variable[];
  /** Copies the weights to the host. */
  weights(): Promise<TunedWeights>;
  dispose(): void;
}

/**
 * Rebuilds an exported layers model with a row and a column for each new token, and cuts it at the logits.
 *
 * Every step is scored, for either task: a navigation model learns from each page of a visit in one pass, and its last
 * step gives what the exported graph gives.
 *
 * @param spec of the exported model, its vocabulary size included.
 * @param vocabularySize V with the new tokens. The caller disposes the graph.
 */
export async function createTrainableGraph(
  artifacts: tf.io.ModelArtifacts,
  spec: ModelSpec,
  vocabularySize: number,
): Promise<TrainableGraph> {
  const base = await loadLayersModel(tf.io.fromMemory(artifacts));
  const grownSpec: ModelSpec = { ...spec, vocabularySize };
  const grown = createLayersModel({ ...grownSpec, task: 'label' });
  try {
    copyWeights(base, grown, vocabularySize - spec.vocabularySize);
  } catch (error) {
    grown.dispose();
    throw error;
  } finally {
    base.dispose();
  }
  const cut = model({ inputs: grown.inputs, outputs: grown.getLayer(LAYER.logits).output });
  return {
    logits: (ids) => cut.apply(ids, { training: true }) as tf.Tensor3D, // a tensor in, a tensor out
    variables: trainedVariables(grown, spec),
    weights: () => readWeights(grown, spec),
    // The cut shares the grown model's layers, and owns none.
    dispose: () => void grown.dispose(),
  };
}

function copyWeights(base: LayersModel, grown: LayersModel, added: number): void {
  for (const layer of grown.layers) {
    tf.tidy(() => {
      const weights = base.getLayer(layer.name).getWeights();
      if (weights.length > 0) layer.setWeights(added > 0 ? grow(layer.name, weights, added) : weights);
    });
  }
}

/** New rows and columns start from the unknown token's, which has met every page that the model does not know. */
function grow(layer: string, weights: tf.Tensor[], added: number): tf.Tensor[] {
  const [first, second] = weights;
  if (layer === LAYER.embedding && first) {
    const row = tf.slice(first, [UNKNOWN_ID, 0], [1, -1]);
    return [tf.concat([first, tf.tile(row, [added, 1])], 0)];
  }
  if (layer === LAYER.logits && first && second) {
    const column = tf.slice(first, [0, UNKNOWN_ID], [-1, 1]);
    // The unknown token's own bias silences it; a token's usual bias is neutral.
    const bias = tf.mean(tf.slice(second, [FIRST_TOKEN_ID], [-1]));
    return [
      tf.concat([first, tf.tile(column, [1, added])], 1),
      tf.concat([second, tf.tile(tf.reshape(bias, [1]), [added])]),
    ];
  }
  return weights;
}

function trainedVariables(graph: LayersModel, spec: ModelSpec): tf.Variable[] {
  return graph.layers.flatMap(
    (layer) =>
      layer.trainableWeights
        .filter(
          ({ originalName }) => !isIdentityKernel(spec, layer.name, originalName.split('/').at(-1) ?? ''),
        )
        .map((weight) => weight.read() as tf.Variable), // a layer's weights are variables, whatever the type says
  );
}

async function readWeights(graph: LayersModel, spec: ModelSpec): Promise<TunedWeights> {
  const read = async (layer: string): Promise<Float32Array<ArrayBuffer>[]> =>
    Promise.all(
      graph
        .getLayer(layer)
        .getWeights()
        // A copy: on the CPU, `data()` is the tensor's own memory.
        .map(async (tensor) => Float32Array.from(await tensor.data())),
    );
  const [inputRows] = await read(LAYER.embedding);
  const cells = await Promise.all(
    Array.from({ length: spec.layers }, async (_, index) => {
      const layer = LAYER.cell(index);
      const [kernel, recurrentKernel, bias] = await read(layer);
      const isIdentity = isIdentityKernel(spec, layer, 'kernel');
      return { kernel: isIdentity ? undefined : kernel, ...present({ recurrentKernel, bias }) };
    }),
  );
  const [outputKernel, outputBias] = await read(LAYER.logits);
  return { cells, ...present({ inputRows, outputKernel, outputBias }) };
}

/** All weights are there: the graph is of our own making. */
function present<T extends Record<string, Float32Array<ArrayBuffer> | undefined>>(weights: T) {
  for (const [name, values] of Object.entries(weights))
    if (!values) throw new RangeError(`${name} is missing`);
  return weights as { [K in keyof T]: Float32Array<ArrayBuffer> }; // checked in the loop
}

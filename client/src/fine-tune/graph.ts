import { LAYER } from '@pathcast/models/layer-names';
import { createLayersModel, isIdentityKernel } from '@pathcast/models/layers';
import { inputRowWidth, layerInputWidth, type ModelSpec, NORMALISED_SCALE } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, model } from '@tensorflow/tfjs-layers';
import { orLost } from './backend.ts';
import type { HostModel } from './forward.ts';
import type { Weights } from './weights.ts';

/** A graph to fine-tune: cut at the logits, with the variables that may change. */
export interface TrainableGraph {
  /** rows int32 [B, T], places in `inputIds` → logits float32 [B, T, V]. */
  readonly logits: (rows: tf.Tensor2D) => tf.Tensor3D;
  readonly variables: tf.Variable[];
  /** Copies the weights to the host; input rows of other ids are the given ones. */
  weights(): Promise<Weights>;
  dispose(): void;
}

/**
 * Builds the layers graph of a model, cut at the logits.
 *
 * Its input table holds the lesson's ids alone: no other row can change, and the gradient of a look-up costs time by the
 * size of its table. Every step is scored, for either task: a navigation model learns from each page of a visit in one
 * pass, and its last step gives what the exported graph gives.
 *
 * @param inputIds padding (0) first, each once. The caller disposes the graph.
 */
export function createTrainableGraph(
  { spec, weights }: HostModel,
  inputIds: readonly number[],
): TrainableGraph {
  const whole = createLayersModel({ ...spec, task: 'label' }, inputIds.length);
  tf.tidy(() => {
    for (const layer of whole.layers) {
      const values = layerValues(spec, weights, inputIds, layer.name);
      const shapes = layer.getWeights().map(({ shape }) => shape);
      if (values.length > 0) layer.setWeights(values.map((value, index) => tf.tensor(value, shapes[index])));
    }
  });
  const cut = model({ inputs: whole.inputs, outputs: whole.getLayer(LAYER.logits).output });
  return {
    logits: (rows) => cut.apply(rows, { training: true }) as tf.Tensor3D, // a tensor in, a tensor out
    variables: trainedVariables(whole, spec),
    weights: () => readGraph(whole, { spec, weights }, inputIds),
    // The cut shares the whole model's layers, and owns none.
    dispose: () => void whole.dispose(),
  };
}

/** A layer's weights in its own order. */
function layerValues(
  spec: ModelSpec,
  { inputRows, cells, outputKernel, outputBias }: Weights,
  inputIds: readonly number[],
  name: string,
): Float32Array[] {
  const { hiddenUnits: H } = spec;
  if (name === LAYER.embedding) return [gatherRows(inputRows, inputRowWidth(spec), inputIds)];
  if (name === LAYER.norm)
    return [new Float32Array(H).fill(NORMALISED_SCALE / Math.sqrt(H)), new Float32Array(H)];
  if (name === LAYER.logits) return [outputKernel, outputBias];
  const layer = cells.findIndex((_, index) => name === LAYER.cell(index));
  const cell = cells[layer];
  if (!cell) return [];
  return [cell.kernel ?? identity(layerInputWidth(spec, layer)), cell.recurrentKernel, cell.bias];
}

function gatherRows(rows: Float32Array, width: number, ids: readonly number[]): Float32Array {
  const gathered = new Float32Array(ids.length * width);
  for (const [row, id] of ids.entries())
    gathered.set(rows.subarray(id * width, (id + 1) * width), row * width);
  return gathered;
}

function identity(size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, index) => (index % (size + 1) === 0 ? 1 : 0));
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

async function readGraph(
  graph: LayersModel,
  { spec, weights }: HostModel,
  inputIds: readonly number[],
): Promise<Weights> {
  const read = async (layer: string) =>
    Promise.all(
      graph
        .getLayer(layer)
        .getWeights()
        // A copy: on the CPU, `data()` is the tensor's own memory.
        .map(async (tensor) => Float32Array.from(await orLost(() => tensor.data()))),
    );
  const [rows = new Float32Array()] = await read(LAYER.embedding);
  const width = inputRowWidth(spec);
  const inputRows = weights.inputRows.slice();
  for (const [row, id] of inputIds.entries()) {
    inputRows.set(rows.subarray(row * width, (row + 1) * width), id * width);
  }
  const cells = await Promise.all(
    weights.cells.map(async (cell, layer) => {
      const [kernel = new Float32Array(), recurrentKernel = kernel, bias = kernel] = await read(
        LAYER.cell(layer),
      );
      return { ...(cell.kernel && { kernel }), recurrentKernel, bias };
    }),
  );
  const [outputKernel = rows, outputBias = rows] = await read(LAYER.logits);
  return { inputRows, cells, outputKernel, outputBias };
}

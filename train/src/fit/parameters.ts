import { GATES, inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import {
  type CellWeights,
  cellKernelRows,
  type ModelWeights,
  silenceNonTokens,
  weightLengths,
} from '@pathcast/models/weights';
import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../random.ts';

/** A cell's variables, as `CellWeights`. */
export interface CellParameters {
  readonly kernel: tf.Variable<tf.Rank.R2> | undefined;
  readonly recurrentKernel: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;
}

/** A model's weights as variables on the backend. Owned by whoever created them; `dispose` ends them. */
export interface Parameters {
  /** [rows, row width]; rows is V, or fewer when only some rows can change. */
  readonly inputRows: tf.Variable<tf.Rank.R2>;
  readonly cells: readonly CellParameters[];
  /** [V, H]; absent when tied. */
  readonly outputRows: tf.Variable<tf.Rank.R2> | undefined;
  /** [V]. */
  readonly outputBias: tf.Variable<tf.Rank.R1>;
}

/** Draws fresh weights on the host; the LSTM's forget bias is 1. @param output `glorot`, or the tutorial's N(0, 1), bias included. */
export function drawWeights(
  spec: ModelSpec,
  output: 'glorot' | 'standard-normal',
  random: Random,
): ModelWeights {
  const { hiddenUnits: H, vocabularySize: V } = spec;
  const lengths = weightLengths(spec);
  const limit = glorot(inputUnits(spec) + H, GATES[spec.cell] * H);
  const inputRows = uniform(lengths.inputRows, limit, random);
  const cells = drawCells(spec, random);
  const isNormal = output === 'standard-normal';
  const normal = (length: number) => Float32Array.from({ length }, () => random.normal());
  const outputRows = isNormal
    ? normal(lengths.outputRows)
    : uniform(lengths.outputRows, glorot(H, V), random);
  const outputBias = isNormal ? normal(V) : new Float32Array(V);
  silenceNonTokens(outputBias);
  return { inputRows, cells, ...(spec.output === 'tied' ? {} : { outputRows }), outputBias };
}

/** Draws the recurrent layers alone. Input and state are one kernel [input + H, G·H] to Glorot, as in TensorFlow's cells. */
export function drawCells(spec: ModelSpec, random: Random): CellWeights[] {
  const { hiddenUnits: H } = spec;
  const columns = GATES[spec.cell] * H;
  return weightLengths(spec).cells.map((lengths, layer) => {
    const bias = new Float32Array(columns);
    if (spec.cell === 'lstm') bias.fill(1, H, 2 * H);
    const limit = glorot(layer === 0 ? inputUnits(spec) + H : 2 * H, columns);
    const recurrentKernel = uniform(lengths.recurrentKernel, limit, random);
    const kernel = lengths.kernel ? uniform(lengths.kernel, limit, random) : undefined;
    return kernel ? { kernel, recurrentKernel, bias } : { recurrentKernel, bias };
  });
}

function inputUnits({ input, vocabularySize }: ModelSpec): number {
  return input.type === 'one-hot' ? vocabularySize : input.units;
}

/** The limit of Glorot's uniform distribution. */
function glorot(fanIn: number, fanOut: number): number {
  return Math.sqrt(6 / (fanIn + fanOut));
}

function uniform(length: number, limit: number, random: Random): Float32Array {
  return Float32Array.from({ length }, () => (random.next() * 2 - 1) * limit);
}

/** Puts host weights on the backend as trainable variables. */
export function createParameters(spec: ModelSpec, weights: ModelWeights): Parameters {
  const { hiddenUnits: H, vocabularySize: V } = spec;
  const columns = GATES[spec.cell] * H;
  const width = inputRowWidth(spec);
  const matrix = (values: Float32Array, rows: number, size: number) =>
    tf.tidy(() => tf.variable(tf.tensor2d(values, [rows, size])));
  const vector = (values: Float32Array) => tf.tidy(() => tf.variable(tf.tensor1d(values)));
  return {
    inputRows: matrix(weights.inputRows, weights.inputRows.length / width, width),
    cells: weights.cells.map(({ kernel, recurrentKernel, bias }, layer) => ({
      kernel: kernel && matrix(kernel, cellKernelRows(spec, layer), columns),
      recurrentKernel: matrix(recurrentKernel, H, columns),
      bias: vector(bias),
    })),
    outputRows: weights.outputRows && matrix(weights.outputRows, V, H),
    outputBias: vector(weights.outputBias),
  };
}

/** Copies the variables back to the host; ids that are never targets get their fixed bias again. */
export async function readParameters(parameters: Parameters): Promise<ModelWeights> {
  const read = async (variable: tf.Tensor) => Float32Array.from(await variable.data());
  const outputBias = await read(parameters.outputBias);
  silenceNonTokens(outputBias);
  const cells = [];
  for (const { kernel, recurrentKernel, bias } of parameters.cells) {
    cells.push({
      ...(kernel ? { kernel: await read(kernel) } : {}),
      recurrentKernel: await read(recurrentKernel),
      bias: await read(bias),
    });
  }
  const { outputRows } = parameters;
  return {
    inputRows: await read(parameters.inputRows),
    cells,
    ...(outputRows ? { outputRows: await read(outputRows) } : {}),
    outputBias,
  };
}

/** All variables, in a fixed order. */
export function variablesOf({ inputRows, cells, outputRows, outputBias }: Parameters): tf.Variable[] {
  const inCells = cells.flatMap(({ kernel, recurrentKernel, bias }) => [kernel, recurrentKernel, bias]);
  return [inputRows, ...inCells, outputRows, outputBias].filter((variable) => variable !== undefined);
}

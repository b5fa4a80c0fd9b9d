import { FIRST_TOKEN_ID, PADDING_ID } from '@pathcast/models/vocabulary';
import { LoneCrew } from '@pathcast/train/fit/crew';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { atLeast, figure, type Row } from '../report.ts';
import type { Catalogue } from './catalogue.ts';
import type { Effort } from './effort.ts';
import { inTurns, paceOf } from './pace.ts';
import { workFor } from './work.ts';

const UNITS = 100;
const BATCH = 128;

/**
 * Our trainer beside what its user would write without it: tfjs layers over the whole catalogue, fitted to prefixes and the
 * page after each, both with an LSTM of 100, batches of 128 and Adagrad on one backend, ours too with our kernels.
 */
export async function layersRows(
  catalogue: Catalogue,
  { turns, steps, layersBatches }: Effort,
): Promise<Row[]> {
  const work = workFor(catalogue, { cell: 'lstm' });
  const ours = new LoneCrew(work);
  const model = plainModel(catalogue.pages + FIRST_TOKEN_ID, work.course.spec.steps);
  try {
    const paces = await inTurns(
      {
        ours: async (turn) => (await paceOf(ours, turn, steps)).eventsPerSecond,
        theirs: (turn) => fitPace(model, catalogue, work.course.spec.steps, { turn, batches: layersBatches }),
      },
      turns,
    );
    const name = `${catalogue.name}, LSTM 100`;
    return [
      figure(`${name}: ours`, Math.round(paces.ours), 'events/s'),
      figure(`${name}: plain tfjs layers`, paces.theirs, 'events/s'),
      atLeast(`${name}: ours`, paces.ours / paces.theirs, 20, 'times plain layers'),
    ];
  } finally {
    model.dispose();
  }
}

/** tfjs's `sparseCategoricalCrossentropy` works on wasm: the labels are ids, one-hot only inside the loss. */
function plainModel(vocabularySize: number, steps: number): LayersModel {
  const model = sequential({
    layers: [
      layers.embedding({ inputDim: vocabularySize, outputDim: UNITS, inputLength: steps, maskZero: true }),
      // Its default, orthogonal, throws in Node.
      layers.lstm({ units: UNITS, recurrentInitializer: 'glorotUniform' }),
      layers.dense({ units: vocabularySize, activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: tf.train.adagrad(0.1), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

/** @returns pairs of prefix and next page that `LayersModel.fit` learns from in a second. */
async function fitPace(
  model: LayersModel,
  { sessions }: Catalogue,
  steps: number,
  { turn, batches }: { turn: number; batches: number },
): Promise<number> {
  const count = batches * BATCH;
  const inputs = new Int32Array(count * steps).fill(PADDING_ID);
  const targets = new Float32Array(count);
  for (let pair = 0, session = turn * count; pair < count; session++) {
    const ids = sessions.at(session % sessions.length);
    for (let next = 1; next < ids.length && pair < count; next++, pair++) {
      const prefix = ids.subarray(Math.max(0, next - steps), next);
      inputs.set(prefix, (pair + 1) * steps - prefix.length);
      targets[pair] = ids[next] ?? PADDING_ID;
    }
  }
  const x = tf.tensor2d(inputs, [count, steps], 'int32');
  const y = tf.tensor2d(targets, [count, 1]);
  const started = performance.now();
  await model.fit(x, y, { batchSize: BATCH, epochs: 1, verbose: 0 });
  const seconds = (performance.now() - started) / 1000;
  tf.dispose([x, y]);
  return count / seconds;
}

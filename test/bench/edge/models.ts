import { Vocabulary } from '@pathcast/models/vocabulary';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { randomModel } from '../../support/models.ts';
import type { Histories } from './work.ts';

/** Pages of the tutorial. */
export const PAGES = 52_739;

/** The tutorial's model: an LSTM of 100 over the one-hot of 52,739 pages. Its weights are random, which costs the same. */
export function tutorialModel(): TrainedModel {
  return randomModel({
    cell: 'lstm',
    hiddenUnits: 100,
    vocabularySize: PAGES + 2,
    steps: 4,
    input: { type: 'one-hot' },
    output: 'dense',
    normalised: false,
  });
}

/** A model as the default recipe makes it, tied and normalised, 100 units, of any size; its pages have names of 31 bytes or so. */
export function tiedModel(pages: number): TrainedModel {
  const size = pages + 2;
  const { spec, weights } = randomModel({
    hiddenUnits: 100,
    input: { type: 'embedding', units: 100 },
    steps: 20,
  });
  const outputBias = noise(size);
  outputBias.set(weights.outputBias.subarray(0, 2)); // of padding and unknown
  return {
    spec: { ...spec, vocabularySize: size },
    weights: { ...weights, inputRows: noise(size * 100), outputBias },
    vocabulary: new Vocabulary(Array.from({ length: pages }, (_, i) => nameOf(i + 2))),
    counts: new Uint32Array(pages).fill(1),
  };
}

function nameOf(id: number): string {
  return `/shop/department-${10 + (id % 90)}/item-${1_000_000 + id}`;
}

/** float32 [length] from −1 to 1, of a linear congruence: a hundred million of them in a second. */
function noise(length: number): Float32Array {
  const values = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    values[i] = state / 2 ** 31;
  }
  return values;
}

/** Visits that differ from turn to turn, so that no answer is one of before. @param steps pages of each. */
export function histories({ vocabulary }: TrainedModel, steps: number): Histories {
  const { tokens } = vocabulary;
  const ids = Array.from({ length: 997 }, (_, visit) =>
    Array.from({ length: steps }, (_, step) => 2 + ((visit * 7919 + step * 104_729) % tokens.length)),
  );
  return { ids, pages: ids.map((visit) => visit.map((id) => vocabulary.decode(id) ?? '')) };
}

import type { ModelSpec } from '@pathcast/models/spec';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import { TRAITS } from '@pathcast/train/backends/traits';
import { trainingWindows } from '@pathcast/train/fit/batches';
import type { Work } from '@pathcast/train/fit/crew';
import { startState } from '@pathcast/train/fit/start';
import { createRandom } from '@pathcast/train/random';
import { navigationOptions } from '@pathcast/train/recipes/navigation-options';
import type { Catalogue } from './catalogue.ts';

const UNITS = 100;
const BATCH = 128;
const NEGATIVES = 2048;
const SEED = 1;

/** The catalogue in a crew's hands, with the defaults of `train`: 100 units, tied, normalised; 2,048 negatives, batch 128. */
export function workFor(
  { sessions, pages, support }: Catalogue,
  { cell = 'gru' }: { cell?: ModelSpec['cell'] } = {},
): Work {
  const { steps, rowDropout, stateDropout, unknownRate, momentum, alpha } = navigationOptions.parse({
    data: '-',
  });
  const settings = { rowDropout, stateDropout, unknownRate, momentum };
  const spec: ModelSpec = {
    task: 'next',
    cell,
    layers: 1,
    hiddenUnits: UNITS,
    vocabularySize: pages + FIRST_TOKEN_ID,
    steps,
    input: { type: 'embedding', units: UNITS },
    output: 'tied',
    normalised: true,
  };
  return {
    course: { spec, settings, batchSize: BATCH, negatives: { count: NEGATIVES, alpha }, seed: SEED },
    windows: trainingWindows(sessions, spec.steps),
    state: startState(spec, sessions, { momentum, random: createRandom(SEED) }),
    support,
    traits: TRAITS.wasm,
  };
}

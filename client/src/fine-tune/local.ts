import { createFineTuned, type FineTuned } from './predictor.ts';
import { load, type Place } from './store.ts';

export { remove } from './store.ts';

/** Loads and opens a saved model; the lazily loaded part of `loadFineTuned`. */
export async function open(place: Place): Promise<FineTuned | undefined> {
  const tuned = await load(place);
  return tuned && createFineTuned(tuned);
}

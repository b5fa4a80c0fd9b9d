import { ProblemError } from './problem.ts';
import type { ModelState, ModelStore } from './store/store.ts';

/** The state of every published model; none is loaded for it. */
export async function modelStates(store: ModelStore): Promise<ModelState[]> {
  const states: ModelState[] = [];
  for (const name of await store.names()) {
    try {
      states.push(await store.peek(name));
    } catch (error) {
      // Files without a pointer are a publication under way, or a withdrawn model.
      if (!(error instanceof ProblemError && error.kind === 'unknown-model')) throw error;
    }
  }
  return states;
}

import { unavailable } from './store/objects.ts';
import type { ModelStore, ServedModel } from './store/store.ts';

/**
 * The version of a model that answers.
 * @throws ProblemError `unknown-model`, or `model-unavailable` with the reason.
 */
export async function servedModel(store: ModelStore, name: string): Promise<ServedModel> {
  const { served, failure } = await store.state(name);
  if (served) return served;
  const version = failure?.version ? ` version ${failure.version}` : '';
  throw unavailable(`model "${name}"${version} cannot be served: ${failure?.reason ?? 'it is not loaded'}`);
}

import type { PredictRequest } from '@pathcast/models/api';
import { characters } from '@pathcast/models/sequence';
import type { ModelSpec } from '@pathcast/models/spec';
import { unavailable } from './store/objects.ts';
import type { ModelStore, ServedModel } from './store/store.ts';

type Instance = PredictRequest['instances'][number];

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

/**
 * As {@link servedModel}, with all in memory that predictions for some instances read.
 * @throws ProblemError also `model-unavailable` when that cannot be read.
 */
export async function preparedModel(
  store: ModelStore,
  name: string,
  instances: readonly Instance[],
): Promise<ServedModel> {
  const model = await servedModel(store, name);
  await model.prepare(() => instances.flatMap((instance) => tokensOf(instance, model.manifest.spec)));
  return model;
}

/** What a model reads of an instance. */
function tokensOf(instance: Instance, { steps }: ModelSpec): string[] {
  if ('history' in instance) return instance.history.slice(-steps);
  return characters('text' in instance ? instance.text : instance.prefix).slice(-steps);
}

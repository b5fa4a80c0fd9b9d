import type { Instance } from '@pathcast/models/api';
import { characters } from '@pathcast/models/sequence';
import type { ModelSpec } from '@pathcast/models/spec';
import type { Address } from './address.ts';
import { ProblemError } from './problem.ts';
import { unavailable } from './store/objects.ts';
import type { ModelStore, ServedModel } from './store/store.ts';

/**
 * The version of a model that answers.
 * @throws ProblemError `unknown-model`, `unknown-version` when the caller insists on another one, or `model-unavailable` with
 *   the reason.
 */
export async function servedModel(store: ModelStore, { name, version }: Address): Promise<ServedModel> {
  const { served, failure } = await store.state(name);
  if (served && (version === undefined || version === served.version)) return served;
  if (served) throw otherVersion(name, served.version, version);
  const broken = failure?.version ? ` version ${failure.version}` : '';
  throw unavailable(`model "${name}"${broken} cannot be served: ${failure?.reason ?? 'it is not loaded'}`);
}

/** Says which version answers, to those who asked for another. */
export function otherVersion(name: string, served: string, asked: string | undefined): ProblemError {
  const detail = `version: "${name}" answers with version ${served}, not with ${asked}`;
  return new ProblemError('unknown-version', detail);
}

/**
 * As {@link servedModel}, with all in memory that predictions for some instances read.
 * @throws ProblemError also `model-unavailable` when that cannot be read.
 */
export async function preparedModel(
  store: ModelStore,
  address: Address,
  instances: readonly Instance[],
): Promise<ServedModel> {
  const model = await servedModel(store, address);
  await model.prepare(() => instances.flatMap((instance) => tokensOf(instance, model.manifest.spec)));
  return model;
}

/** What a model reads of an instance. */
function tokensOf(instance: Instance, { steps }: ModelSpec): string[] {
  if ('history' in instance) return instance.history.slice(-steps);
  return characters('text' in instance ? instance.text : instance.prefix).slice(-steps);
}

import { openBase, sha256 } from './base.ts';
import { add } from './delta.ts';
import { StaleModelError } from './errors.ts';
import { createFineTuned, type FineTuned } from './predictor.ts';
import { damaged, load, type Place } from './store.ts';
import { growWeights } from './weights.ts';

export { remove } from './store.ts';

/**
 * Loads a saved model: the base with what was learnt on it; the lazily loaded part of `loadFineTuned`.
 * @param version the only one that the caller takes.
 */
export async function open(place: Place, version: string | undefined): Promise<FineTuned | undefined> {
  const found = await load(place);
  if (!found) return undefined;
  const { base, delta } = found;
  if (version !== undefined && version !== delta.base.version) {
    throw new StaleModelError(place.model, delta.base.version, version);
  }
  if (delta.base.digest !== base.digest)
    throw new StaleModelError(place.model, delta.base.version, base.version);
  const digests = await Promise.all(base.shards.map(sha256));
  if (digests.every(Boolean) && digests.join(' ') !== base.digest) throw damaged('base.shards', undefined);
  try {
    const { weights, vocabulary } = openBase(base);
    const tokens = [...vocabulary.tokens, ...delta.tokens];
    const spec = { ...base.spec, vocabularySize: tokens.length + 2 };
    const grown = growWeights(weights, base.spec, delta.tokens.length);
    return createFineTuned({ ...place, ...base, spec, tokens, weights: add(grown, delta.weights, spec) });
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : 'record', cause);
  }
}

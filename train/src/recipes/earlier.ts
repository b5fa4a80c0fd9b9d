import { join } from 'node:path';
import type { Sessions } from '../data/sessions/sessions.ts';
import { currentVersion } from '../export/current-version.ts';
import { readVersion } from '../export/read-version.ts';
import type { Earlier } from '../fit/warm-start.ts';
import { UserError } from '../user-error.ts';

/** An earlier version to begin with. */
export interface EarlierModel extends Earlier {
  readonly version: string;
  /** When the last session that it learnt from began, in s since 1970; undefined where its data had no times. */
  readonly untilS: number | undefined;
}

/** Reads the version that `--from` names, `current` or 14 digits, of the model in a folder, and says which. */
export async function openEarlier(folder: string, from: string): Promise<EarlierModel> {
  const version = from === 'current' ? await currentVersion(folder) : from;
  const earlier = await readVersion(join(folder, version));
  process.stdout.write(
    `  from      version ${version}, ${earlier.vocabulary.tokens.length.toLocaleString('en')} pages\n`,
  );
  const { manifest, vocabulary, weights } = earlier;
  const { until } = manifest.data;
  return {
    version,
    spec: manifest.spec,
    vocabulary,
    weights,
    untilS: until ? Date.parse(until) / 1000 : undefined,
  };
}

/**
 * The held-out sessions that an earlier model did not learn from: of those it knows already, nothing can be told. Without
 * times, all of them are taken for new.
 * @throws UserError when none is new.
 */
export function newerThan({ untilS }: EarlierModel, held: Sessions): Sessions {
  const { starts } = held;
  if (!starts || untilS === undefined) return held;
  const first = starts.findIndex((start) => start > untilS);
  if (first < 0)
    throw new UserError('--from: no session is newer than that version; there is nothing new to learn');
  return held.slice(first);
}

import { createHash } from 'node:crypto';
import { ARTIFACT } from '@pathcast/models/artifacts';
import { writePack } from '@pathcast/models/pack/pack';
import { FIRST_TOKEN_ID, formatVocabulary } from '@pathcast/models/vocabulary';
import { layersModelFiles } from './layers-model.ts';
import type { TrainedModel } from './trained-model.ts';

/** A file of a version, before it is written; `path` is relative to the version's folder. */
export interface ArtifactFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the Worker gives it out. */
  readonly public: boolean;
}

/** The heads that a browser downloads to fine-tune: 0.1, 0.4 and 1.6 MB at 100 units, for weaker and stronger devices. */
export const HEAD_TOKENS = [250, 1000, 4000] as const;

/** The heads of a model, smallest first; the last is the whole catalogue where that is smaller. */
export function headsOf(model: Pick<TrainedModel, 'vocabulary'>) {
  const whole = model.vocabulary.tokens.length;
  const sizes = new Set(HEAD_TOKENS.map((tokens) => Math.min(tokens, whole)));
  return Array.from(sizes, (tokens) => ({ tokens, path: ARTIFACT.head(tokens) }));
}

/** All files of a version but its manifest, one at a time. */
export async function* artifactFiles(model: TrainedModel): AsyncGenerator<ArtifactFile> {
  const { spec, weights, vocabulary, counts, mixture } = model;
  const text = new TextEncoder().encode(formatVocabulary(vocabulary));
  yield { path: ARTIFACT.vocabulary, bytes: text, public: false };
  const pack = writePack({ spec, weights, vocabulary, counts, mixture, vocabularyDigest: sha256(text) });
  yield { path: ARTIFACT.pack, bytes: pack, public: false };
  yield* layersModelFiles(model);

  for (const { tokens, path } of headsOf(model)) {
    const rows = tokens + FIRST_TOKEN_ID;
    yield* layersModelFiles(model, { folder: `${path}/`, rows, dtype: 'float16' });
    const names = JSON.stringify(vocabulary.tokens.slice(0, tokens));
    yield { path: `${path}/${ARTIFACT.headTokens}`, bytes: new TextEncoder().encode(names), public: true };
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

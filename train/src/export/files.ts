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

/** The head that a browser downloads to fine-tune: enough pages for a visitor, about 0.4 MB at 100 units. */
export const HEAD_TOKENS = 1000;

/** The head of a model: the whole catalogue where that is smaller. */
export function headOf(model: Pick<TrainedModel, 'vocabulary'>) {
  const tokens = Math.min(HEAD_TOKENS, model.vocabulary.tokens.length);
  return { tokens, path: ARTIFACT.head(tokens) };
}

/** All files of a version but its manifest, one at a time. */
export async function* artifactFiles(model: TrainedModel): AsyncGenerator<ArtifactFile> {
  const { spec, weights, vocabulary, counts, mixture } = model;
  const text = new TextEncoder().encode(formatVocabulary(vocabulary));
  yield { path: ARTIFACT.vocabulary, bytes: text, public: false };
  const pack = writePack({ spec, weights, vocabulary, counts, mixture, vocabularyDigest: sha256(text) });
  yield { path: ARTIFACT.pack, bytes: pack, public: false };
  yield* layersModelFiles(model);

  const head = headOf(model);
  yield* layersModelFiles(model, {
    folder: `${head.path}/`,
    rows: head.tokens + FIRST_TOKEN_ID,
    dtype: 'float16',
  });
  const names = JSON.stringify(vocabulary.tokens.slice(0, head.tokens));
  yield {
    path: `${head.path}/${ARTIFACT.headTokens}`,
    bytes: new TextEncoder().encode(names),
    public: true,
  };
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

import type { ModelSpec } from '@pathcast/models/spec';
import { writeVersion } from '@pathcast/train/export/version';
import type { randomModel } from './models.ts';

/** A labeller small enough that WebGL compiles its shaders in a second. */
export const LETTERS = {
  task: 'label',
  hiddenUnits: 6,
  vocabularySize: 7,
  output: 'dense',
  normalised: false,
  input: { type: 'one-hot' },
} as const satisfies Partial<ModelSpec>;

/** Writes a model that nobody trained as a version that can be served. */
export async function writeRandom(
  out: string,
  name: string,
  model: ReturnType<typeof randomModel>,
): Promise<void> {
  const data = {
    format: 'random',
    sessions: 0,
    events: 0,
    tokens: model.vocabulary.tokens.length,
    testSessions: 0,
  };
  await writeVersion(out, model, { name, config: {}, data, metrics: null, backend: 'none' });
}

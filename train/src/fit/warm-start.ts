import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import { FIRST_TOKEN_ID, UNKNOWN_ID, type Vocabulary } from '@pathcast/models/vocabulary';
import type { ModelWeights } from '@pathcast/models/weights';
import { UserError } from '../user-error.ts';

/** A model to begin with. */
export interface Earlier {
  readonly spec: ModelSpec;
  readonly vocabulary: Vocabulary;
  readonly weights: ModelWeights;
}

/**
 * The weights of an earlier model, its rows in the order of a new vocabulary. A page that it did not know begins as the
 * unknown token, which was trained to stand for any page, with the bias of its least visited one.
 * @throws UserError naming the field in which the specs differ; sizes of vocabularies and steps may.
 */
export function warmStart(spec: ModelSpec, vocabulary: Vocabulary, earlier: Earlier): ModelWeights {
  checkSpecs(spec, earlier.spec);
  const { weights } = earlier;
  const V = spec.vocabularySize;
  const sources = Int32Array.from({ length: V }, (_, id) =>
    id < FIRST_TOKEN_ID ? id : earlier.vocabulary.encode(vocabulary.decode(id) ?? ''),
  );
  const moved = (rows: Float32Array, width: number) => {
    const result = new Float32Array(V * width);
    for (const [id, source] of sources.entries()) {
      result.set(rows.subarray(source * width, (source + 1) * width), id * width);
    }
    return result;
  };
  const last = weights.outputBias.at(-1) ?? 0;
  const outputBias = Float32Array.from(sources, (source, id) =>
    source === UNKNOWN_ID && id >= FIRST_TOKEN_ID ? last : (weights.outputBias[source] ?? 0),
  );
  return {
    inputRows: moved(weights.inputRows, inputRowWidth(spec)),
    cells: weights.cells,
    ...(weights.outputRows ? { outputRows: moved(weights.outputRows, spec.hiddenUnits) } : {}),
    outputBias,
  };
}

function checkSpecs(spec: ModelSpec, earlier: ModelSpec): void {
  for (const field of ['cell', 'layers', 'hiddenUnits', 'output', 'normalised'] as const) {
    if (spec[field] !== earlier[field])
      throw new UserError(
        `--from: that model has ${field} ${earlier[field]}, this run asks for ${spec[field]}`,
      );
  }
  if (JSON.stringify(spec.input) !== JSON.stringify(earlier.input))
    throw new UserError(
      `--from: that model's input is ${JSON.stringify(earlier.input)}, this run's is another`,
    );
}

import { CELLS, GATES, inputRowWidth, type ModelSpec, modelSpecSchema } from '@pathcast/models/spec';
import { Vocabulary } from '@pathcast/models/vocabulary';
import { cellKernelRows, silenceNonTokens } from '@pathcast/models/weights';
import type { TrainedModel } from '@pathcast/train/export/trained-model';

/** mulberry32: a seeded stream of uniform numbers, so that a failing model can be made again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const BASE: ModelSpec = {
  task: 'next',
  cell: 'gru',
  layers: 1,
  hiddenUnits: 16,
  vocabularySize: 42,
  steps: 8,
  input: { type: 'embedding', units: 16 },
  output: 'tied',
  normalised: true,
};

/** A model of random weights for a spec: pages `/p2` to `/p41`, or characters for a labeller. */
export function randomModel(overrides: Partial<ModelSpec> = {}, seed = 1): TrainedModel {
  const spec = modelSpecSchema.parse({ ...BASE, ...overrides });
  const random = seededRandom(seed);
  const fill = (length: number, scale: number) =>
    Float32Array.from({ length }, () => (random() * 2 - 1) * scale);
  const { vocabularySize: V, hiddenUnits: H } = spec;
  const columns = GATES[spec.cell] * H;
  const outputBias = fill(V, 0.2);
  silenceNonTokens(outputBias);
  const tokens = Array.from({ length: V - 2 }, (_, i) =>
    spec.task === 'label' ? String.fromCodePoint(0x61 + i) : `/p${i + 2}`,
  );
  return {
    spec,
    vocabulary: new Vocabulary(tokens),
    counts: Uint32Array.from(tokens, (_, i) => tokens.length - i),
    weights: {
      inputRows: fill(V * inputRowWidth(spec), 1),
      cells: Array.from({ length: spec.layers }, (_, layer) => {
        const kernelRows = cellKernelRows(spec, layer);
        return {
          ...(kernelRows ? { kernel: fill(kernelRows * columns, 0.5) } : {}),
          recurrentKernel: fill(H * columns, 0.5),
          bias: fill(columns, 0.3),
        };
      }),
      ...(spec.output === 'tied' ? {} : { outputRows: fill(V * H, 1) }),
      outputBias,
    },
  };
}

/** The kinds of input and output tables, for models of 16 units. */
export const TABLES: Record<string, Partial<ModelSpec>> = {
  'one-hot': { input: { type: 'one-hot' }, output: 'dense', normalised: false },
  embedding: { input: { type: 'embedding', units: 12 }, output: 'dense', normalised: false },
  'embedding, normalised': { input: { type: 'embedding', units: 12 }, output: 'dense', normalised: true },
  tied: { input: { type: 'embedding', units: 16 }, output: 'tied', normalised: false },
  'tied, normalised': { input: { type: 'embedding', units: 16 }, output: 'tied', normalised: true },
};

/** Every cell, table and depth. */
export const SPECS = CELLS.flatMap((cell) =>
  Object.entries(TABLES).flatMap(([name, table]) =>
    [1, 2].map((layers) => ({
      title: `${cell}, ${name}, ${layers} layer(s)`,
      spec: { cell, layers, ...table },
    })),
  ),
);

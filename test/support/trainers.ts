import { inputRowWidth, type ModelSpec } from '@pathcast/models/spec';
import type { ModelWeights } from '@pathcast/models/weights';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { type Batch, trainingWindows } from '@pathcast/train/fit/batches';
import {
  allCandidates,
  type Candidates,
  type DrawCandidates,
  sampledCandidates,
} from '@pathcast/train/fit/candidates';
import { HostTables } from '@pathcast/train/fit/host-tables';
import { createState } from '@pathcast/train/fit/state';
import { type StepSettings, Trainer } from '@pathcast/train/fit/trainer';
import { expect } from 'vitest';
import { SPECS } from './models.ts';
import type { PlainPoint } from './plain-loss.ts';

/** Padded, with a page twice in a session, and unknown pages among the inputs and where a target would be. */
export const SESSIONS = TokenSessions.of([
  [5, 2, 7, 7, 3],
  [8, 4],
  [6, 1, 3, 5],
]);
export const SUPPORT = Uint32Array.of(9, 7, 5, 5, 3, 2, 1);
export const PLAIN: StepSettings = { rowDropout: 0, stateDropout: 0, unknownRate: 0, momentum: 0 };

/** Every cell, table and depth, at 4 units and 7 pages: small enough to move each weight by itself. */
export const SMALL = SPECS.map(({ title, spec }) => ({
  title,
  spec: { ...spec, hiddenUnits: 4, vocabularySize: 9, input: smallInput(spec) },
}));

export function smallInput({ input, output }: Partial<ModelSpec>): ModelSpec['input'] {
  if (input?.type === 'one-hot') return input;
  return { type: 'embedding', units: output === 'tied' ? 4 : 3 };
}

export const wholeBatch = () => trainingWindows(SESSIONS, 8).whole();

export function trainerOf(
  { spec, weights }: { spec: ModelSpec; weights: ModelWeights },
  draw: DrawCandidates,
  settings: Partial<StepSettings> = {},
) {
  const all = { ...PLAIN, ...settings };
  const state = createState(spec, weights, all);
  return { trainer: new Trainer(spec, new HostTables(spec, state), draw, all), state };
}

/** The candidates of a batch: all, or some with their correction. */
export const DRAWS: Record<string, DrawCandidates> = {
  'all pages': allCandidates(9),
  'sampled pages': sampledCandidates({ support: SUPPORT, negatives: 3, alpha: 0.5 }),
};

/** Where the loss stands, from the host's tables. */
export function pointOf(
  { spec, weights }: { spec: ModelSpec; weights: ModelWeights },
  batch: Batch,
  { ids, logQ }: Candidates,
): PlainPoint {
  const gather = (table: Float32Array, width: number, rows: Int32Array) =>
    Float64Array.from([...rows].flatMap((id) => [...table.subarray(id * width, (id + 1) * width)]));
  return {
    inputs: gather(weights.inputRows, inputRowWidth(spec), batch.ids),
    rows: gather(weights.outputRows ?? weights.inputRows, spec.hiddenUnits, ids),
    bias: Float64Array.from(ids, (id, i) => (weights.outputBias[id] ?? 0) - (logQ[i] ?? 0)),
    cells: weights.cells.flatMap(({ kernel, recurrentKernel, bias }) =>
      [kernel, recurrentKernel, bias]
        .filter((part) => part !== undefined)
        .map((part) => Float64Array.from(part)),
    ),
  };
}

/** Not `structuredClone`, which goes on sharing what workers share. */
export function copyOf({ inputRows, cells, outputRows, outputBias }: ModelWeights): ModelWeights {
  return {
    inputRows: Float32Array.from(inputRows),
    cells: cells.map(({ kernel, recurrentKernel, bias }) => ({
      ...(kernel ? { kernel: Float32Array.from(kernel) } : {}),
      recurrentKernel: Float32Array.from(recurrentKernel),
      bias: Float32Array.from(bias),
    })),
    ...(outputRows ? { outputRows: Float32Array.from(outputRows) } : {}),
    outputBias: Float32Array.from(outputBias),
  };
}

export function expectSlopes(gradient: Float32Array | undefined, expected: readonly number[], what: string) {
  expect(gradient, what).toHaveLength(expected.length);
  for (const [i, slope] of expected.entries()) {
    const found = gradient?.[i] ?? Number.NaN;
    expect(Math.abs(found - slope), `${what}[${i}]: ${found}, not ${slope}`).toBeLessThan(
      2e-5 + 2e-5 * Math.abs(slope),
    );
  }
}

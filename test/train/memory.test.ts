import { modelSpecSchema } from '@pathcast/models/spec';
import { checkMemory, fitBytes, fullBatchBytes } from '@pathcast/train/fit/memory';
import { describe, expect, it } from 'vitest';

const SPEC = modelSpecSchema.parse({
  task: 'next',
  cell: 'gru',
  layers: 1,
  hiddenUnits: 100,
  vocabularySize: 1_000_000,
  steps: 20,
  input: { type: 'embedding', units: 100 },
  output: 'tied',
  normalised: true,
});

describe('the memory that a run needs', () => {
  it('is that of tables, optimiser and scoring rows', () => {
    // 1,000,000 rows of 100 floats are 0.4 GB: the table, Adagrad's sums, the rows to score with; 8 MB of biases.
    expect(fitBytes(SPEC, { momentum: 0 }) / 1e9).toBeCloseTo(0.3 + 3 * 0.4 + 0.008, 3);
    expect(fitBytes(SPEC, { momentum: 0.3 }) - fitBytes(SPEC, { momentum: 0 })).toBe(4 * 101_000_000);
  });

  it('grows with the rows of a full batch', () => {
    const small = fullBatchBytes(SPEC, { inputs: 3200, rows: 1000 });
    expect(fullBatchBytes(SPEC, { inputs: 32_000, rows: 1000 })).toBeGreaterThan(small);
  });

  it('is said in a sentence when there is not as much', () => {
    const check = () => checkMemory(2.5e9, 'fewer pages take less', 1e9);
    expect(check).toThrow('this needs about 2.5 GB of memory, and there is 1.0 GB: fewer pages take less');
    expect(() => checkMemory(1e9, '', 2e9)).not.toThrow();
  });
});

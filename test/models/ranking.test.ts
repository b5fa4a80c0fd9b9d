import { largest } from '@pathcast/models/predictor/ranking';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('the largest values', () => {
  it('are those of a stable sort, ties included', () => {
    const values = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 80 });
    fc.assert(
      fc.property(values, fc.nat(90), (list, k) => {
        const sorted = [...list.keys()].sort((a, b) => (list[b] ?? 0) - (list[a] ?? 0));
        expect(largest(list, k)).toEqual(sorted.slice(0, k));
      }),
    );
  });
});

import { RULES_PER_PAGE, RuleRows } from '@pathcast/train/mixture/rule-rows';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Cuts rows once, with all of them at hand. */
function cutAtOnce(rows: readonly number[][], most: number): number[][] {
  for (let perPage = RULES_PER_PAGE; ; perPage--) {
    const cut = rows.map((row) => row.slice(0, perPage));
    if (cut.flat().length <= most) return cut;
  }
}

describe('rows of rules', () => {
  it('are what is left when all are cut at once, though they are cut on the way', () => {
    const row = fc.array(fc.integer({ min: 2, max: 1e6 }), { maxLength: 70 });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.integer({ min: 0, max: 1000 }), (lists, most) => {
        const rows = new RuleRows(lists.length, most);
        for (const ids of lists)
          rows.add(
            Uint32Array.from(ids),
            Float32Array.from(ids, (id) => id / 2),
          );
        const { offsets, successors, counts } = rows.finish();
        const kept = lists.map((_, page) => [...successors.subarray(offsets[page], offsets[page + 1])]);
        expect(kept).toEqual(cutAtOnce(lists, most));
        expect([...counts]).toEqual(kept.flat().map((id) => Math.fround(id / 2)));
      }),
    );
  });
});

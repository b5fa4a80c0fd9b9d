import { openPack, writePack } from '@pathcast/models/pack/pack';
import { createPredictor } from '@pathcast/models/predictor/predictor';
import { CELLS } from '@pathcast/models/spec';
import { describe, expect, it } from 'vitest';
import { exportLayers, layersProbabilities } from '../support/layers.ts';
import { randomModel, SPECS, TABLES } from '../support/models.ts';

const DIGEST = '0'.repeat(64);

function predictorOf(model: ReturnType<typeof randomModel>) {
  return createPredictor(openPack(writePack({ ...model, vocabularyDigest: DIGEST })));
}

describe('the predictor agrees with the exported layers model', () => {
  it.each(SPECS)('$title', async ({ spec }) => {
    const model = randomModel(spec);
    const layers = await exportLayers(model);
    const predictor = predictorOf(model);
    let shared = 0;
    const rows = 10;
    for (let row = 0; row < rows; row++) {
      const ids = Array.from({ length: 1 + (row % 8) }, (_, i) => 2 + ((row * 7 + i * 5) % 40));
      const padded = [...Array(8 - ids.length).fill(0), ...ids];
      const [expected = []] = layersProbabilities(layers, [padded]);
      const history = ids.map((id) => `/p${id}`);
      const all = predictor.next(history, { top: 40, part: 'recurrent' });
      for (const { page, probability } of all) {
        expect(Math.abs(probability - (expected[Number(page.slice(2))] ?? 0))).toBeLessThan(0.02);
      }
      const best = [...expected.keys()].sort((a, b) => (expected[b] ?? 0) - (expected[a] ?? 0)).slice(0, 20);
      const ours = new Set(all.slice(0, 20).map(({ page }) => Number(page.slice(2))));
      shared += best.filter((id) => ours.has(id)).length;
    }
    expect(shared / (rows * 20)).toBeGreaterThanOrEqual(0.98);
    layers.dispose();
  });

  it.each(CELLS)('labels every step of a text with a %s cell', async (cell) => {
    const model = randomModel({ task: 'label', cell, ...TABLES['one-hot'] });
    const layers = await exportLayers(model);
    const ids = [3, 9, 9, 1, 40];
    const text = ids.map((id) => (id === 1 ? '€' : String.fromCodePoint(0x61 + id - 2))).join('');
    const steps = predictorOf(model).label(text, { top: 3 });
    const expected = layersProbabilities(layers, [ids]);
    expect(steps).toHaveLength(ids.length);
    for (const [i, { label, probability, candidates }] of steps.entries()) {
      const row = expected[i] ?? [];
      const best = row.indexOf(Math.max(...row));
      expect(label.codePointAt(0)).toBe(0x61 + best - 2);
      expect(probability).toBeCloseTo(row[best] ?? 0, 1);
      expect(candidates).toHaveLength(3);
    }
    layers.dispose();
  });
});

describe('a predictor', () => {
  const predictor = predictorOf(randomModel());

  it('answers an empty history with the most visited pages and their shares', () => {
    const [first, second] = predictor.next([], { top: 2 });
    const total = (40 * 41) / 2;
    expect(first).toEqual({ page: '/p2', probability: 40 / total });
    expect(second).toEqual({ page: '/p3', probability: 39 / total });
  });

  it('reads only the newest pages of a long history', () => {
    const newest = ['/p3', '/p9', '/p4', '/p7', '/p30', '/p31', '/p5', '/p6'];
    const long = predictor.next(['/p8', '/p8', ...newest], { top: 5 });
    expect(long).toEqual(predictor.next(newest, { top: 5 }));
  });

  it('never ranks padding or the unknown token', () => {
    const pages = predictor.next(['/nowhere', '/p5'], { top: 1000 });
    expect(pages).toHaveLength(40);
    expect(pages.every(({ page }) => page.startsWith('/p'))).toBe(true);
    expect(pages.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
  });

  it('refuses a part it does not have, and a text', () => {
    expect(() => predictor.next(['/p2'], { top: 1, part: 'rules' })).toThrow('no part "rules"');
    expect(() => predictor.label('ab', { top: 1 })).toThrow('ranks pages');
  });
});

import { openPack, writePack } from '@pathcast/models/pack/pack';
import { Mixer, mixInto, supportBin } from '@pathcast/models/predictor/mixture';
import { createPredictor } from '@pathcast/models/predictor/predictor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mixtureOf, randomSessions } from '../support/mixtures.ts';
import { randomModel } from '../support/models.ts';

const model = randomModel();
const V = model.spec.vocabularySize;
const vocabularyDigest = '0'.repeat(64);
// No session holds page 41, and none but these pages follows.
const mixture = mixtureOf(randomSessions(300, V - 1), V);
const predictor = createPredictor(openPack(writePack({ ...model, mixture, vocabularyDigest })));

function answer(history: string[], part: 'mixture' | 'recurrent' | 'rules' | 'neighbours') {
  const pages = predictor.next(history, { top: V, part });
  return new Map(pages.map(({ page, probability }) => [page, probability]));
}

describe('support bins', () => {
  it('double in width', () => {
    expect([0, 1, 2, 3, 4, 7, 8, 16383, 16384, 1e9].map(supportBin)).toEqual([
      0, 1, 2, 2, 3, 3, 4, 14, 15, 15,
    ]);
  });
});

describe('mixing', () => {
  const weights = Float32Array.from({ length: 48 }, (_, i) => [0.5, 0.3, 0.2][i % 3] ?? 0);
  const silent = { ids: new Uint32Array(), probabilities: new Float32Array() };
  const rules = { ids: Uint32Array.of(3), probabilities: Float32Array.of(1) };

  it('adds the parts by weight', () => {
    const probabilities = Float32Array.of(0, 0, 0.75, 0.25);
    const neighbours = { ids: Uint32Array.of(2, 3), probabilities: Float32Array.of(0.5, 0.5) };
    mixInto(probabilities, { rules, neighbours }, weights, 0);
    expect(probabilities[2]).toBeCloseTo(0.5 * 0.75 + 0.2 * 0.5, 6);
    expect(probabilities[3]).toBeCloseTo(0.5 * 0.25 + 0.3 + 0.2 * 0.5, 6);
  });

  it('shares the weight of a silent part out in proportion', () => {
    const probabilities = Float32Array.of(0, 0, 1, 0);
    mixInto(probabilities, { rules, neighbours: silent }, weights, 0);
    expect(probabilities[2]).toBeCloseTo(0.5 / 0.8, 6);
    expect(probabilities[3]).toBeCloseTo(0.3 / 0.8, 6);
  });

  it('leaves the recurrent model as it is where all others are silent', () => {
    const probabilities = Float32Array.of(0, 0, 0.7, 0.3);
    mixInto(probabilities, { rules: silent, neighbours: silent }, weights, 0);
    expect([...probabilities]).toEqual([...Float32Array.of(0, 0, 0.7, 0.3)]);
  });
});

describe('a predictor with a mixture', () => {
  it('answers with every part that its pack holds', () => {
    expect(predictor.parts).toEqual(['mixture', 'recurrent', 'rules', 'neighbours']);
    const rulesOnly = {
      ...mixture,
      neighbours: undefined,
      weights: mixture.weights.map((_, i) => (i % 3 < 2 ? 0.5 : 0)),
    };
    const pack = openPack(writePack({ ...model, mixture: rulesOnly, vocabularyDigest }));
    expect(createPredictor(pack).parts).toEqual(['mixture', 'recurrent', 'rules']);
  });

  it('mixes what its parts say alone, by the weights of the current page’s bin', () => {
    // Page 9 was seen 33 times (`randomModel` counts 40 for page 2 and falls): bin 6.
    const history = ['/p4', '/p9'];
    const [recurrent, rules, neighbours] = [0.5 - 6 / 64, 0.3 + 6 / 128, 0.2 + 6 / 128];
    const raw = answer(history, 'recurrent');
    const flat = new Map([...raw].map(([page, probability]) => [page, probability ** (1 / 1.5)]));
    const sum = [...flat.values()].reduce((total, value) => total + value, 0);
    const mixed = answer(history, 'mixture');
    expect(mixed.size).toBe(V - 2);
    for (const [page, probability] of mixed) {
      const expected =
        (recurrent * (flat.get(page) ?? 0)) / sum +
        rules * (answer(history, 'rules').get(page) ?? 0) +
        neighbours * (answer(history, 'neighbours').get(page) ?? 0);
      expect(probability).toBeCloseTo(expected, 5);
    }
    expect([...mixed.values()]).toEqual([...mixed.values()].sort((a, b) => b - a));
  });

  it('answers with rules and neighbours alone only for pages that they know', () => {
    for (const part of ['rules', 'neighbours'] as const) {
      expect(answer([], part).size).toBe(0);
      expect(answer(['/nowhere', '/elsewhere'], part).size).toBe(0);
      const known = answer(['/nowhere', '/p5'], part);
      expect(known.has('/p41')).toBe(false);
      expect([...known.values()].reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 5);
    }
  });

  it('leaves unknown pages to the recurrent model, at the fitted temperature', () => {
    const raw = [...answer(['/nowhere'], 'recurrent')].slice(0, 2).map(([, probability]) => probability);
    const mixed = [...answer(['/nowhere'], 'mixture')].slice(0, 2).map(([, probability]) => probability);
    expect((mixed[0] ?? 0) / (mixed[1] ?? 0)).toBeCloseTo(((raw[0] ?? 0) / (raw[1] ?? 0)) ** (1 / 1.5), 4);
  });

  it('answers an empty history with the popular pages', () => {
    expect([...answer([], 'mixture').keys()].slice(0, 2)).toEqual(['/p2', '/p3']);
  });

  it('gives the same answer twice', () => {
    const mixer = new Mixer(mixture, model.counts);
    const once = mixer.neighbours([4, 9]);
    mixer.rules([4, 9]);
    expect(mixer.neighbours([4, 9])).toEqual(once);
    expect(answer(['/p4', '/p9'], 'mixture')).toEqual(answer(['/p4', '/p9'], 'mixture'));
  });
});

describe('the best of a mixture', () => {
  it('are those of all its probabilities, which are never worked out', () => {
    const mixer = new Mixer(mixture, model.counts);
    const id = fc.integer({ min: 1, max: model.spec.vocabularySize - 1 });
    const logits = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 42, maxLength: 42 });
    fc.assert(
      fc.property(
        fc.array(id, { minLength: 1, maxLength: 8 }),
        logits,
        fc.integer({ min: 1, max: 40 }),
        (history, list, k) => {
          const logits = Float32Array.from(list, (logit, i) => (i < 2 ? -1e4 : logit));
          const powers = Array.from(logits, (logit) => Math.exp(logit / mixture.temperature));
          const sum = powers.reduce((total, power) => total + power, 0);
          const recurrent = Float32Array.from(powers, (power) => power / sum);
          const order = [...recurrent.keys()]
            .slice(2)
            .sort((a, b) => (recurrent[b] ?? 0) - (recurrent[a] ?? 0));
          const scores = { logits, top: (n: number) => order.slice(0, n), logSumExp: () => Math.log(sum) };
          const found = mixer.mix(history, scores, k);
          const parts = { rules: mixer.rules(history), neighbours: mixer.neighbours(history) };
          const all = recurrent.slice();
          mixInto(all, parts, mixture.weights, mixer.bin(history));
          const best = [...all.keys()]
            .slice(2)
            .sort((a, b) => (all[b] ?? 0) - (all[a] ?? 0))
            .slice(0, k);
          expect(found).toHaveLength(k);
          for (const [i, { id: at, probability }] of found.entries()) {
            expect(probability).toBeCloseTo(all[at] ?? Number.NaN, 5);
            expect(probability).toBeCloseTo(all[best[i] ?? 0] ?? Number.NaN, 5);
          }
        },
      ),
    );
  });
});

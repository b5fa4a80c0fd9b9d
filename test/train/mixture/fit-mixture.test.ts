import { manifestSchema } from '@pathcast/models/manifest';
import { Mixer } from '@pathcast/models/predictor/mixture';
import { loadBackend } from '@pathcast/train/backends/backend';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { rankMarkov } from '@pathcast/train/evaluate/baselines';
import { rankingOf } from '@pathcast/train/evaluate/ranking';
import { stepsOf } from '@pathcast/train/evaluate/steps';
import { buildMixture, fitMixture } from '@pathcast/train/mixture/fit-mixture';
import { goldenSection } from '@pathcast/train/mixture/golden-section';
import { rankMixture } from '@pathcast/train/mixture/rank-mixture';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportLayers, layersProbabilities } from '../../support/layers.ts';
import { mixtureOf, randomSessions } from '../../support/mixtures.ts';
import { randomModel, seededRandom } from '../../support/models.ts';

const model = randomModel();
const V = model.spec.vocabularySize;

/** Visits that follow links: every page leads to one of three others, one of them most of the time. */
function linkedSessions(count: number, seed: number): TokenSessions {
  const random = seededRandom(seed);
  return TokenSessions.of(
    Array.from({ length: count }, () => {
      const pages = [2 + Math.floor(random() * (V - 2))];
      while (pages.length < 6) {
        const current = pages.at(-1) ?? 2;
        const link = [7, 7, 7, 11, 23][Math.floor(random() * 5)] ?? 7;
        pages.push(2 + ((current * 3 + link) % (V - 2)));
      }
      return pages;
    }),
  );
}

beforeAll(async () => {
  await loadBackend('wasm');
});

describe('golden section', () => {
  it('finds where a valley is lowest', async () => {
    const found = await goldenSection(async (x) => (x - 0.3) ** 2, { from: -1, to: 2, tolerance: 0.01 });
    expect(Math.abs(found - 0.3)).toBeLessThan(0.01);
  });
});

describe('a fitted mixture', () => {
  it('ranks a site of links no worse than a Markov chain, beside an untrained model', async () => {
    const train = linkedSessions(600, 1);
    const fitted = await fitMixture(model, { train, held: linkedSessions(120, 2) }, model.counts);
    expect(fitted.rules).toBeDefined();
    const mixture = buildMixture(fitted, train, V);
    const steps = stepsOf(linkedSessions(200, 3));
    const ranks = await rankMixture(model, steps, { mixture, counts: model.counts });
    const ours = rankingOf(ranks.mixture);
    const markov = rankingOf(rankMarkov(train, steps, V));
    expect(ours.recallAt20).toBeGreaterThanOrEqual(markov.recallAt20);
    expect(ours.mrrAt20).toBeGreaterThanOrEqual(markov.mrrAt20 - 0.005);
    expect(ours.mrrAt20).toBeGreaterThan(2 * rankingOf(ranks.recurrent).mrrAt20);
  });

  it('says what a manifest says: mean weights, and calibration with falling coverage', async () => {
    const fitted = await fitMixture(
      model,
      { train: linkedSessions(400, 1), held: linkedSessions(120, 2) },
      model.counts,
    );
    const shares = manifestSchema.shape.mixture.parse(fitted.shares);
    expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    const calibration = manifestSchema.shape.calibration.parse(fitted.calibration);
    expect(calibration?.bins.reduce((sum, { count }) => sum + count, 0)).toBe(120 * 5);
    expect(calibration?.ece).toBeLessThan(0.1);
    const coverages = calibration?.thresholds.map(({ coverage }) => coverage) ?? [];
    expect(coverages).toEqual(coverages.toSorted((a, b) => b - a));
    expect(coverages.length).toBeGreaterThan(5);
  });

  it('recovers a scaling of the logits', async () => {
    // Targets drawn from the exported layers model's own probabilities, flattened by 1.8; no other part knows more.
    const layers = await exportLayers(model);
    const random = seededRandom(5);
    const starts = Array.from({ length: 3000 }, (_, i) => 2 + (i % (V - 2)));
    const rows = layersProbabilities(
      layers,
      [...new Set(starts)].map((id) => [0, 0, 0, 0, 0, 0, 0, id]),
    );
    layers.dispose();
    const sessions = starts.map((id) => {
      const powers = (rows[id - 2] ?? []).map((probability) => probability ** (1 / 1.8));
      let left = random() * powers.reduce((sum, power) => sum + power, 0);
      const target = powers.findIndex((power) => {
        left -= power;
        return left < 0;
      });
      return [id, target];
    });
    // Training sessions that share no page with these: rules and neighbours are silent.
    const train = TokenSessions.of([[1, 1]]);
    const fitted = await fitMixture(model, { train, held: TokenSessions.of(sessions) }, model.counts);
    expect(fitted.temperature).toBeGreaterThan(1.8 * 0.93);
    expect(fitted.temperature).toBeLessThan(1.8 * 1.07);
  });

  it('keeps every part where there is too little to judge on', async () => {
    for (const held of [TokenSessions.of([]), TokenSessions.of([[2, 3]])]) {
      const fitted = await fitMixture(model, { train: linkedSessions(50, 1), held }, model.counts);
      expect(fitted).toMatchObject({ rules: 'markov', neighbours: true });
      expect(fitted.calibration).toBeUndefined();
      expect(Object.values(fitted.shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    }
  });

  it('leaks no tensor', async () => {
    const before = tf.memory().numTensors;
    await fitMixture(model, { train: linkedSessions(60, 1), held: linkedSessions(30, 2) }, model.counts);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the ranks of a mixture', () => {
  it('are those of its probabilities, mixed by hand from the exported layers model', async () => {
    const sessions = randomSessions(200, V, 3);
    const mixture = mixtureOf(sessions, V);
    const steps = stepsOf(randomSessions(30, V, 4));
    const ranks = await rankMixture(model, steps, { mixture, counts: model.counts });
    const layers = await exportLayers(model);
    const mixer = new Mixer(mixture, model.counts);
    for (let step = 0; step < steps.length; step++) {
      const history = [...steps.history(step, 8)];
      const target = steps.target(step);
      const [raw = []] = layersProbabilities(layers, [[...Array(8 - history.length).fill(0), ...history]]);
      const flat = raw.map((probability) => probability ** (1 / 1.5));
      const sum = flat.reduce((total, value) => total + value, 0);
      const recurrent = flat.map((value) => value / sum);
      const [rules, neighbours] = [mixer.rules(history), mixer.neighbours(history)];
      const dense = ({ ids, probabilities }: typeof rules) => {
        const row = Array<number>(V).fill(0);
        for (const [i, id] of ids.entries()) row[id] = probabilities[i] ?? 0;
        return row;
      };
      const [byRules, byNeighbours] = [dense(rules), dense(neighbours)];
      // Page id 2 + i was seen 40 − i times: 32 and more for the first nine, then 16, 8, 4, 2 and 1.
      const bin = 1 + Math.floor(Math.log2(42 - (history.at(-1) ?? 0)));
      const [a, b, c] = mixture.weights.subarray(bin * 3, bin * 3 + 3);
      const speaking = (a ?? 0) + (rules.ids.length ? (b ?? 0) : 0) + (neighbours.ids.length ? (c ?? 0) : 0);
      const mixed = recurrent.map(
        (value, id) =>
          ((a ?? 0) * value + (b ?? 0) * (byRules[id] ?? 0) + (c ?? 0) * (byNeighbours[id] ?? 0)) / speaking,
      );
      for (const [found, row] of [
        [ranks.mixture, mixed],
        [ranks.recurrent, recurrent],
      ] as const) {
        // Float32 may swap pages that are all but level.
        const atLeast = (factor: number) =>
          row.filter((value, id) => id > 1 && value >= (row[target] ?? 0) * factor);
        expect(found[step]).toBeGreaterThanOrEqual(atLeast(1 + 1e-4).length);
        expect(found[step]).toBeLessThanOrEqual(atLeast(1 - 1e-4).length);
      }
      const known = byRules.filter((value) => value > 0 && value >= (byRules[target] ?? 0)).length;
      expect(ranks.rules?.[step]).toBe(byRules[target] ? known : V - 2);
    }
    layers.dispose();
  });
});

import { type PredictResponse, predictResponseSchema } from '@pathcast/models/api';
import { describe, expect, inject, it } from 'vitest';
import type { Fixture } from './fixture.ts';
import { createWorker, publish } from './support.ts';

describe('the recurrent part agrees with model.json in plain tfjs on the top 20', () => {
  it.each(inject('models').map((fixture) => ({ title: fixture.name, fixture })))(
    '$title',
    async ({ fixture }) => {
      await publish(fixture);
      const answers = await askAll(fixture);
      let shared = 0;
      let asked = 0;
      for (const [i, { steps }] of fixture.oracle.entries()) {
        expect(answers[i]).toHaveLength(steps.length);
        for (const [j, expected] of steps.entries()) {
          const ours = new Map((answers[i]?.[j] ?? []).map(({ token, probability }) => [token, probability]));
          expect(ours.size).toBe(20);
          for (const { token, probability } of expected) {
            asked++;
            const found = ours.get(token);
            if (found === undefined) continue;
            shared++;
            expect(Math.abs(found - probability)).toBeLessThan(0.02);
          }
        }
      }
      expect(shared / asked).toBeGreaterThanOrEqual(0.98);
    },
  );
});

describe('the characters that follow a prefix are those of model.json’s last step', () => {
  const labellers = inject('models').filter(({ spec }) => spec.labels === 'next');
  it.each(labellers.map((fixture) => ({ title: fixture.name, fixture })))('$title', async ({ fixture }) => {
    await publish(fixture);
    const instances = fixture.oracle.map(({ input }) => ({ prefix: input.join(''), top: 1 }));
    const sharp = instances.map((instance) => ({ ...instance, temperature: 0.5, top: 40 }));
    const response = await createWorker().predict(fixture.name, { instances: [...instances, ...sharp] });
    const { predictions } = predictResponseSchema.parse(await response.json());
    for (const [i, { steps }] of fixture.oracle.entries()) {
      const expected = steps.at(-1) ?? [];
      const [plain, squared] = [predictions[i], predictions[i + instances.length]].map(rankedCharacters);
      expect(plain).toHaveLength(1);
      const near = (token: string) => expected.find((found) => found.token === token)?.probability;
      const best = plain?.[0];
      expect(Math.abs((best?.probability ?? 0) - (near(best?.character ?? '') ?? 1))).toBeLessThan(0.02);
      // A temperature of a half squares every probability, before they are made to add up to 1 again.
      const ratio = ((expected[0]?.probability ?? 0) / (expected[1]?.probability ?? 1)) ** 2;
      const at = (token = '') => squared?.find(({ character }) => character === token)?.probability ?? 0;
      expect(at(expected[0]?.token) / at(expected[1]?.token) / ratio).toBeGreaterThan(0.8);
      expect(at(expected[0]?.token) / at(expected[1]?.token) / ratio).toBeLessThan(1.25);
    }
  });
});

function rankedCharacters(prediction: PredictResponse['predictions'][number] | undefined) {
  if (!prediction || !('next' in prediction)) throw new Error('no characters are ranked');
  return prediction.next.map((next) => {
    if (!('character' in next)) throw new Error('pages are ranked');
    return next;
  });
}

interface Answer {
  readonly token: string;
  readonly probability: number;
}

/** For each oracle case, the 20 likeliest tokens of each answered step. */
async function askAll({ name, spec, oracle }: Fixture): Promise<Answer[][][]> {
  const instances = oracle.map(({ input }) =>
    spec.task === 'next' ? { history: input } : { text: input.join('') },
  );
  const response = await createWorker().predict(name, { instances, top: 20, part: 'recurrent' });
  expect(response.status).toBe(200);
  const { predictions } = predictResponseSchema.parse(await response.json());
  return predictions.map((prediction) =>
    'next' in prediction
      ? [
          prediction.next.map((next) => ({
            token: 'page' in next ? next.page : next.character,
            probability: next.probability,
          })),
        ]
      : prediction.steps.map(({ candidates = [] }) =>
          candidates.map(({ label, probability }) => ({ token: label, probability })),
        ),
  );
}

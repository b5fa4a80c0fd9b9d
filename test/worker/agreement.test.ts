import { predictResponseSchema } from '@pathcast/models/api';
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
      ? [prediction.next.map(({ page, probability }) => ({ token: page, probability }))]
      : prediction.steps.map(({ candidates = [] }) =>
          candidates.map(({ label, probability }) => ({ token: label, probability })),
        ),
  );
}

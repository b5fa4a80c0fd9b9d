import { describe, expect, it } from 'vitest';
import { createGuard } from '../../client/src/fine-tune/guard.ts';
import { planLesson } from '../../client/src/fine-tune/lesson.ts';
import type { Weights } from '../../client/src/fine-tune/weights.ts';
import { randomModel } from '../support/models.ts';

const { spec, weights, vocabulary } = randomModel({ output: 'dense' });
/** Without a kernel every state says what the bias says: each of the 40 pages as likely as any other. */
const BASE: Weights = {
  ...weights,
  outputKernel: new Float32Array(16 * 42),
  outputBias: new Float32Array(42),
};
const LESSON = planLesson({ spec, weights: BASE }, vocabulary, [{ inputs: ['/p2'], targets: ['/p9'] }], {
  baseSize: 42,
  maxSteps: 8,
  batchSize: 1,
});

/** The base's weights with what is learnt made likelier: its logit so much higher. */
function raised(logit: number): Weights {
  const outputBias = BASE.outputBias.slice();
  outputBias[vocabulary.encode('/p9')] = logit;
  return { ...BASE, outputBias };
}
/** What the others share, as e to the logit joins them. */
const whole = (logit: number) => Math.log(39 + Math.exp(logit));

describe('the guard', () => {
  it('measures the loss on what judges, and how far the base’s own behaviour moved', async () => {
    const guard = await createGuard(LESSON, 1);
    expect(guard.base.loss).toBeCloseTo(Math.log(40), 5);
    expect(guard.base.drift).toBeCloseTo(0, 6);
    expect(await guard.check(raised(2), 5)).toBe(true);
    expect(guard.best.measure.loss).toBeCloseTo(whole(2) - 2, 5);
    // Kullback and Leibler's of forty alike: the mean of log(1/40) less each page's new log-probability.
    expect(guard.best.measure.drift).toBeCloseTo(whole(2) - Math.log(40) - 2 / 40, 5);
  });

  it('keeps the base where what is learnt gains less than 0.01 nats a step', async () => {
    const guard = await createGuard(LESSON, 1);
    await guard.check(raised(0.009), 5);
    expect(guard.best.step).toBe(5);
    expect(guard.isBetter).toBe(false);
    await guard.check(raised(0.012), 10);
    expect(guard.isBetter).toBe(true);
  });

  it('ends after five checks in a row that better nothing', async () => {
    const guard = await createGuard(LESSON, 1);
    const goesOn: boolean[] = [];
    for (const [step, logit] of [1, 0.5, 0.5, 1, 0.5, 2, 1, 1, 2, 1, 1].entries())
      goesOn.push(await guard.check(raised(logit), step));
    expect(goesOn).toEqual([...Array(10).fill(true), false]);
    expect(guard.best.step).toBe(5);
  });

  it('never keeps what moved the base further than it may, and ends there', async () => {
    const guard = await createGuard(LESSON, 0.1);
    expect(await guard.check(raised(1), 5)).toBe(true);
    expect(await guard.check(raised(3), 10)).toBe(false);
    expect(guard.best).toMatchObject({ step: 5, weights: raised(1) });
    expect(await guard.check(raised(Number.NaN), 15)).toBe(false);
  });
});

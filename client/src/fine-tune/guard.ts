import { breathe } from './breathe.ts';
import { logitsOf, logSoftmax, statesOf } from './forward.ts';
import type { Lesson } from './lesson.ts';
import type { Weights } from './weights.ts';

/** What weights are worth. */
export interface Measure {
  /** Mean cross-entropy on what judges, in nats a step. */
  readonly loss: number;
  /** How far the base's own behaviour moved: mean Kullback–Leibler divergence in nats a step; 0 for the base. */
  readonly drift: number;
}

/** Judged windows beyond this tell no more, and cost the device time. */
const MAX_JUDGED = 64;

/** Less is noise. In nats a step. */
const LEAST_GAIN = 0.01;

/** Checks in a row without a better loss, after which more steps only wear the model. */
const PATIENCE = 5;

/** Keeps the best weights, and says when to stop. It computes on the host, as `predictLocally` will. */
export interface Guard {
  readonly base: Measure;
  /** The best so far: the base at first. */
  readonly best: { readonly weights: Weights; readonly measure: Measure; readonly step: number };
  /** Whether the best is worth to be kept in place of the base. */
  readonly isBetter: boolean;
  /** @returns whether to go on. */
  check(weights: Weights, step: number): Promise<boolean>;
}

/** @param maxDrift in nats a step: weights beyond it are never the best, and end the lesson. */
export async function createGuard(lesson: Lesson, maxDrift: number): Promise<Guard> {
  const base = await measure(lesson, lesson.base.weights);
  let best: Guard['best'] = { weights: lesson.base.weights, measure: base, step: 0 };
  let worse = 0;
  return {
    base,
    get best() {
      return best;
    },
    get isBetter() {
      return best.measure.loss < base.loss - LEAST_GAIN;
    },
    async check(weights, step) {
      const now = await measure(lesson, weights);
      if (!(now.drift <= maxDrift)) return false;
      if (now.loss < best.measure.loss) {
        best = { weights, measure: now, step };
        worse = 0;
      } else worse += 1;
      return worse < PATIENCE;
    },
  };
}

async function measure(lesson: Lesson, weights: Weights): Promise<Measure> {
  const model = { spec: lesson.base.spec, weights };
  const losses: number[] = [];
  for (const { ids, targets } of lesson.judged.slice(0, MAX_JUDGED)) {
    await breathe();
    let step = 0;
    for (const state of statesOf(model, ids)) {
      losses.push(-(logSoftmax(logitsOf(model, state))[targets[step] ?? 0] ?? 0));
      step += 1;
    }
  }
  const drifts: number[] = [];
  for (const { ids, distributions } of lesson.behaviour) {
    await breathe();
    let step = 0;
    for (const state of statesOf(model, ids)) {
      const was = distributions[step] ?? new Float32Array();
      drifts.push(divergence(was, logSoftmax(logitsOf(model, state), was.length)));
      step += 1;
    }
  }
  return { loss: mean(losses), drift: mean(drifts) };
}

/** Of a distribution from log-probabilities, in nats. */
function divergence(from: Float32Array, to: Float32Array): number {
  return from.reduce(
    (sum, probability, id) =>
      probability > 0 ? sum + probability * (Math.log(probability) - (to[id] ?? 0)) : sum,
    0,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

import * as tf from '@tensorflow/tfjs-core';
import { type Ask, type Base, fetchHead, fetchSource } from './base.ts';
import { breathe } from './breathe.ts';
import { pickBackend } from './canary.ts';
import { subtract } from './delta.ts';
import { chooseHead, deviceMemory } from './device.ts';
import { FineTuneError } from './errors.ts';
import { createGuard, type Guard } from './guard.ts';
import { createLearner, type Learner } from './learner.ts';
import { growVocabulary, type Lesson, planLesson } from './lesson.ts';
import { MAX_CHARACTERS, type Progress, type Task, type Thread } from './options.ts';
import { save } from './store.ts';
import { growWeights } from './weights.ts';

/** The visitor's windows a step: on a page's own thread few, so that each step is short. */
const BATCH_SIZE: Readonly<Record<Thread, number>> = { worker: 24, page: 4 };

/** Steps between two looks at what was learnt. */
const CHECK_EVERY = 5;

/** Where a run is, and what it asks with. */
export interface Setting {
  readonly task: Task;
  readonly endpoint: string;
  readonly ask: Ask;
  readonly thread: Thread;
  readonly signal?: AbortSignal | undefined;
}

/** Fine-tunes, and saves what was learnt where it is better than the base; the part of `fineTune` that loads tfjs. */
export async function* run(setting: Setting): AsyncGenerator<Progress, void, undefined> {
  const { task, endpoint, thread, signal } = setting;
  const previous = tf.getBackend();
  let learner: Learner | undefined;
  try {
    const { base, lesson, backend } = await prepare(setting);
    const guard = await createGuard(lesson, task.maxDrift);
    learner = await createLearner(lesson, backend, task.learningRate);
    const about = { steps: task.steps, thread, headTokens: base.vocabulary.tokens.length };
    let loss = Number.NaN;
    for await (const step of learn(learner, lesson, guard, setting)) {
      loss = step.loss;
      yield { ...about, ...step };
    }
    signal?.throwIfAborted();
    const { best, isBetter } = guard;
    if (isBetter) await keep({ endpoint, model: task.model }, base, lesson, guard);
    const outcome = {
      kept: isBetter ? 'tuned' : 'base',
      baseLoss: guard.base.loss,
      tunedLoss: best.measure.loss,
      drift: best.measure.drift,
    } as const;
    yield { ...about, step: isBetter ? best.step : 0, loss, backend: learner.backend, outcome };
  } finally {
    learner?.dispose();
    // The page may use tfjs itself.
    if (previous && previous !== tf.getBackend()) await tf.setBackend(previous);
  }
}

/** Downloads the smallest head, tries the device out on it, and takes the largest head that it can bear. */
async function prepare({ task, endpoint, ask, thread }: Setting) {
  const source = await fetchSource(ask, endpoint, task);
  const [smallest] = source.heads;
  const base = await fetchHead(ask, source, smallest);
  const lesson = plan(base, task, thread);
  const { backend, stepMs } = await pickBackend(lesson, {
    learningRate: task.learningRate,
    wanted: task.backend,
  });
  const head = chooseHead(source.heads, base.saved.spec, {
    thread,
    stepMs,
    memoryGib: deviceMemory(),
    batchSteps: lesson.batches[0]?.weights.length ?? 0,
  });
  if (head === smallest) return { base, lesson, backend };
  const larger = await fetchHead(ask, source, head);
  return { base: larger, lesson: plan(larger, task, thread), backend };
}

function plan({ saved, weights, vocabulary }: Base, task: Task, thread: Thread): Lesson {
  const grown = growVocabulary(vocabulary, task.sequences);
  const model = {
    spec: { ...saved.spec, vocabularySize: grown.size },
    weights: growWeights(weights, saved.spec, grown.size - vocabulary.size),
  };
  return planLesson(model, grown, task.sequences, {
    baseSize: vocabulary.size,
    // A text is labelled whole, however long; a visit is read as far back as the model ever looks.
    maxSteps: task.kind === 'label' ? MAX_CHARACTERS : saved.spec.steps,
    batchSize: BATCH_SIZE[thread],
  });
}

/** Ends after the task's steps, when a whole pass is at its target, or when the guard says so. */
async function* learn(
  learner: Learner,
  { batches }: Lesson,
  guard: Guard,
  { task, signal }: Setting,
): AsyncGenerator<Pick<Progress, 'step' | 'loss' | 'backend'>> {
  let pass: number[] = [];
  for (let step = 1; step <= task.steps; step++) {
    await breathe();
    signal?.throwIfAborted();
    const batch = batches[step % batches.length];
    if (!batch) throw new RangeError('there is nothing to learn from');
    const loss = await learner.step(batch);
    if (!Number.isFinite(loss)) {
      throw new FineTuneError(`The loss became ${loss} at step ${step}: try a smaller learningRate`);
    }
    yield { step, loss, backend: learner.backend };
    pass.push(loss);
    const isLearnt = pass.length === batches.length && mean(pass) <= task.targetLoss;
    if (pass.length === batches.length) pass = [];
    if (step % CHECK_EVERY > 0 && step < task.steps && !isLearnt) continue;
    if (!(await guard.check(await learner.weights(), step)) || isLearnt) return;
  }
}

async function keep(place: { endpoint: string; model: string }, base: Base, lesson: Lesson, { best }: Guard) {
  const { version, digest } = base.saved;
  await save(place, {
    base: base.saved,
    delta: {
      format: 'pathcast-delta/1',
      base: { version, digest },
      tokens: lesson.vocabulary.tokens.slice(base.vocabulary.tokens.length),
      weights: subtract(best.weights, lesson.base.weights, lesson.base.spec),
    },
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

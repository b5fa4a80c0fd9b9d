import { dropWebgl, startBackend } from './backend.ts';
import { FineTuneError } from './errors.ts';
import type { Lesson } from './lesson.ts';
import type { Backend } from './options.ts';
import { createTrainer } from './trainer.ts';

/** The largest difference between two backends' losses of one batch, in nats a step. */
const LOSS_TOLERANCE = 1e-3;

/** The largest difference between two backends' gradients of a variable, as a share of its norm. */
const GRADIENT_TOLERANCE = 1e-2;

/** Norms below this are rounding. */
const LEAST_NORM = 1e-6;

export interface Choice {
  readonly backend: Backend;
  /** What a step of this lesson takes there, in milliseconds. */
  readonly stepMs: number;
}

/**
 * Picks the backend by a canary, two real steps of the lesson: WebGL where it computes in 32 bits and does them as the CPU
 * does, else the CPU.
 * @throws FineTuneError when the wanted one is not there, or computes wrongly.
 */
export async function pickBackend(
  lesson: Lesson,
  { learningRate, wanted }: { readonly learningRate: number; readonly wanted: Backend | undefined },
): Promise<Choice> {
  if (wanted === 'cpu') return { backend: 'cpu', stepMs: (await tryOut(lesson, learningRate, 'cpu')).stepMs };
  let fault = 'This browser has no WebGL that computes in 32 bits';
  if (await startBackend('webgl')) {
    const tried = await tryOut(lesson, learningRate, 'webgl').catch((error: unknown) => String(error));
    const right = await tryOut(lesson, learningRate, 'cpu');
    if (typeof tried !== 'string' && agree(tried, right)) return { backend: 'webgl', stepMs: tried.stepMs };
    dropWebgl();
    fault = `This browser's WebGL computes wrongly${typeof tried === 'string' ? ` (${tried})` : ''}`;
    if (wanted !== 'webgl') return { backend: 'cpu', stepMs: right.stepMs };
  }
  if (wanted === 'webgl') throw new FineTuneError(fault);
  return { backend: 'cpu', stepMs: (await tryOut(lesson, learningRate, 'cpu')).stepMs };
}

interface Tried {
  /** Before and after an update. */
  readonly losses: readonly number[];
  readonly gradients: readonly Float32Array[];
  /** Of the second step: the first compiles shaders. */
  readonly stepMs: number;
}

async function tryOut(lesson: Lesson, learningRate: number, backend: Backend): Promise<Tried> {
  await startBackend(backend);
  const trainer = createTrainer(lesson, { learningRate });
  try {
    const [batch] = lesson.batches;
    if (!batch) throw new RangeError('there is nothing to learn from');
    const { loss, gradients } = await trainer.probe(batch);
    const began = performance.now();
    const second = await trainer.step(batch);
    return { losses: [loss, second], gradients, stepMs: performance.now() - began };
  } finally {
    trainer.dispose();
  }
}

/** Comparisons are so put that NaN agrees with nothing. */
function agree(tried: Tried, right: Tried): boolean {
  const isNear = right.losses.every(
    (loss, step) => Math.abs(loss - (tried.losses[step] ?? Number.NaN)) <= LOSS_TOLERANCE * Math.max(1, loss),
  );
  return (
    isNear &&
    right.gradients.every((gradient, index) => {
      const other = tried.gradients[index];
      const difference = gradient.map((value, at) => value - (other?.[at] ?? Number.NaN));
      return norm(difference) <= GRADIENT_TOLERANCE * Math.max(norm(gradient), LEAST_NORM);
    })
  );
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

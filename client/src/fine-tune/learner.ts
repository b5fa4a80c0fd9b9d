import { ContextLost, dropWebgl, startBackend } from './backend.ts';
import type { Batch, Lesson } from './lesson.ts';
import type { Backend } from './options.ts';
import { createTrainer } from './trainer.ts';
import type { Weights } from './weights.ts';

/** A trainer that outlives its GPU. */
export interface Learner {
  readonly backend: Backend;
  /** @returns the visitor's loss before the update, in nats a scored step. */
  step(batch: Batch): Promise<number>;
  /** Copies the weights to the host; where the GPU is gone, those of the last copy. */
  weights(): Promise<Weights>;
  dispose(): void;
}

/**
 * Learns on a backend; when its context is lost, goes on on the CPU from the weights that were copied last.
 * The caller disposes it.
 */
export async function createLearner(
  lesson: Lesson,
  backend: Backend,
  learningRate: number,
): Promise<Learner> {
  await startBackend(backend);
  let trainer = createTrainer(lesson, { learningRate });
  let copied: Weights | undefined;

  async function surviving<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ContextLost)) throw error;
    }
    trainer.dispose();
    dropWebgl();
    await startBackend('cpu');
    trainer = createTrainer(lesson, { learningRate, weights: copied });
    return work();
  }

  return {
    get backend() {
      return trainer.backend;
    },
    step: (batch) => surviving(() => trainer.step(batch)),
    async weights() {
      copied = await surviving(() => trainer.weights());
      return copied;
    },
    dispose: () => trainer.dispose(),
  };
}

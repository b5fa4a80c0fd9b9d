import * as tf from '@tensorflow/tfjs-core';
import { orLost } from './backend.ts';
import { createFitter } from './fit.ts';
import { createTrainableGraph } from './graph.ts';
import type { Batch, Lesson } from './lesson.ts';
import type { Backend } from './options.ts';
import type { Weights } from './weights.ts';

/** A lesson on a backend. */
export interface Trainer {
  readonly backend: Backend;
  /** @returns the visitor's loss before the update. @throws ContextLost */
  step(batch: Batch): Promise<number>;
  /** A step whose gradients are read, variable by variable. @throws ContextLost */
  probe(batch: Batch): Promise<{ loss: number; gradients: Float32Array[] }>;
  /** @throws ContextLost */
  weights(): Promise<Weights>;
  dispose(): void;
}

export interface TrainerOptions {
  readonly learningRate: number;
  /** To go on from; the base's else. */
  readonly weights?: Weights | undefined;
}

/** Puts a lesson onto tfjs's current backend. The caller disposes the trainer. */
export function createTrainer(lesson: Lesson, { learningRate, weights }: TrainerOptions): Trainer {
  const { spec, weights: first } = lesson.base;
  const graph = createTrainableGraph({ spec, weights: weights ?? first }, lesson.inputIds);
  const fitter = createFitter(graph, learningRate);
  return {
    backend: tf.getBackend() === 'cpu' ? 'cpu' : 'webgl',
    step: (batch) => orLost(() => fitter.step(batch)),
    weights: () => orLost(() => graph.weights()),
    async probe(batch) {
      const gradients: Float32Array[] = [];
      const loss = await orLost(() =>
        fitter.step(batch, async (tensors) => {
          for (const tensor of tensors) gradients.push(Float32Array.from(await orLost(() => tensor.data())));
        }),
      );
      return { loss, gradients };
    },
    dispose() {
      fitter.dispose();
      graph.dispose();
    },
  };
}

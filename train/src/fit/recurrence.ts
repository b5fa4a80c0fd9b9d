import type { Cell } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';
import { CELL_STEPS, type CellState } from './cell-steps.ts';

/** Sequences on the backend's side, step by step: row t·B + b is step t of sequence b. */
export interface StepBatch {
  /** float32 [T·B, 1], 0 at left padding; undefined when no sequence is padded. */
  readonly mask: tf.Tensor2D | undefined;
  readonly steps: number;
  readonly batchSize: number;
}

/**
 * Runs a cell over all steps of a batch, with its gradient written out: backpropagation through time in a third of the
 * operations that a recording of each step takes, and one product for the recurrent kernel's gradient in place of one a
 * step.
 *
 * @param inputs float32 [T·B, G·H]: the inputs' products with the kernel, bias added.
 * @param kernel float32 [H, G·H], the recurrent kernel.
 * @returns the states float32 [T·B, H], zero at padding; differentiable once, by inputs and kernel.
 */
export function runCell(type: Cell, inputs: tf.Tensor2D, kernel: tf.Tensor2D, batch: StepBatch): tf.Tensor2D {
  const { steps, batchSize: B, mask } = batch;
  const [H] = kernel.shape;
  const cell = CELL_STEPS[type];
  const at = (all: tf.Tensor2D, t: number) => tf.slice(all, [t * B, 0], [B, all.shape[1]]);
  const start = (): CellState => ({ h: tf.zeros([B, H]), c: tf.zeros([B, H]) });
  const keepInside = ({ h, c }: CellState, t: number, inside: tf.Tensor2D | undefined): CellState =>
    inside ? { h: tf.mul(h, at(inside, t)), c: tf.mul(c, at(inside, t)) } : { h, c };

  const compute = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc; // customGrad hands it over last
    const forward = cell.forward(kernel, H);
    const states: tf.Tensor2D[] = [];
    const kept: (readonly tf.Tensor2D[])[] = [];
    let state = start();
    for (let t = 0; t < steps; t++) {
      const taken = forward(at(inputs, t), state);
      state = keepInside(taken.next, t, mask);
      states.push(state.h);
      kept.push(taken.kept);
    }
    // One tensor a kind: saving them one by one would copy as much and cost more.
    const kinds = Array.from(kept[0] ?? [], (_, kind) =>
      tf.concat(kept.map((all) => all[kind] as tf.Tensor2D)),
    ); // alike in all steps
    save(mask ? [...kinds, mask] : kinds); // the mask too: what is not saved is gone by the backward pass
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const all = (mask ? saved.slice(0, -1) : saved) as tf.Tensor2D[]; // as saved above
      const inside = mask && (saved.at(-1) as tf.Tensor2D);
      const backward = cell.backward(kernel, H);
      const byGates: tf.Tensor2D[] = [];
      let carried = start();
      for (let t = steps - 1; t >= 0; t--) {
        const dh: tf.Tensor2D = tf.add(at(dy as tf.Tensor2D, t), carried.h); // dy is of the states' shape
        const byNext = keepInside({ h: dh, c: carried.c }, t, inside);
        const { gates, previous } = backward.step(
          all.map((kind) => at(kind, t)),
          byNext,
        );
        byGates.unshift(gates);
        carried = previous;
      }
      const gates = tf.concat(byGates);
      return [gates, backward.byKernel(all, gates)];
    };
    return { value: tf.concat(states), gradFunc };
  });
  return compute(inputs, kernel) as tf.Tensor2D;
}

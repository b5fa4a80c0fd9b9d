import type { Cell } from '@pathcast/models/spec';
import * as tf from '@tensorflow/tfjs-core';

type Matrix = tf.Tensor2D;

/** float32 [B, H] each, or the gradients by them; c is the LSTM's alone. */
export interface CellState {
  readonly h: Matrix;
  readonly c: Matrix;
}

/** x float32 [B, G·H], bias included, and a state → the next, and what the gradient needs; the state before comes first. */
type Forward = (x: Matrix, state: CellState) => { next: CellState; kept: readonly Matrix[] };

interface Backward {
  /** From the gradient by the next state, that by the gates [B, G·H] and that by the state before. */
  step(kept: readonly Matrix[], byNext: CellState): { gates: Matrix; previous: CellState };
  /** From what all steps kept, stacked, and the gradients of all their gates: that by the recurrent kernel [H, G·H]. */
  byKernel(kept: readonly Matrix[], gates: Matrix): Matrix;
}

/**
 * One step of each cell and its gradient, written out.
 * @see tfjs layers' SimpleRNNCell, GRUCell (reset before) and LSTMCell, whose equations and order of gates these are.
 */
export const CELL_STEPS: Readonly<
  Record<Cell, { forward(kernel: Matrix, H: number): Forward; backward(kernel: Matrix, H: number): Backward }>
> = {
  simple: {
    forward:
      (kernel) =>
      (x, { h, c }) => {
        const next = tf.tanh(tf.add(x, tf.matMul(h, kernel)) as Matrix);
        return { next: { h: next, c }, kept: [h, next] };
      },
    backward(kernel) {
      const transposed: Matrix = tf.transpose<Matrix>(kernel);
      return {
        step([, next], { h, c }) {
          const gates = throughTanh(h, given(next));
          return { gates, previous: { h: tf.matMul(gates, transposed), c } };
        },
        byKernel: ([h], gates) => tf.matMul(given(h), gates, true, false),
      };
    },
  },

  gru: {
    forward(kernel, H) {
      const [forGates, forCandidate] = tf.split(kernel, [2 * H, H], 1) as [Matrix, Matrix]; // as many as sizes
      return (x, { h, c }) => {
        const [xGates, xCandidate] = tf.split(x, [2 * H, H], 1) as [Matrix, Matrix];
        const zr = tf.sigmoid(tf.add(xGates, tf.matMul(h, forGates)));
        const [z, r] = tf.split(zr, 2, 1) as [Matrix, Matrix];
        const reset: Matrix = tf.mul(r, h);
        const proposed = tf.tanh(tf.add(xCandidate, tf.matMul(reset, forCandidate)) as Matrix);
        const next: Matrix = tf.add(proposed, tf.mul(z, tf.sub(h, proposed)));
        return { next: { h: next, c }, kept: [h, z, r, reset, proposed] };
      };
    },
    backward(kernel, H) {
      const [fromGates, fromCandidate] = tf.split(tf.transpose<Matrix>(kernel), [2 * H, H], 0) as [
        Matrix,
        Matrix,
      ];
      return {
        step(kept, by) {
          const [h, z, r, , proposed] = kept.map(given) as [Matrix, Matrix, Matrix, Matrix, Matrix];
          const candidate = throughTanh(tf.mul(by.h, tf.sub(1, z)), proposed);
          const byReset = tf.matMul(candidate, fromCandidate);
          const zr = tf.concat(
            [throughSigmoid(tf.mul(by.h, tf.sub(h, proposed)), z), throughSigmoid(tf.mul(byReset, h), r)],
            1,
          );
          const previous = tf.addN([tf.mul(by.h, z), tf.mul(byReset, r), tf.matMul(zr, fromGates)]) as Matrix;
          return { gates: tf.concat([zr, candidate], 1), previous: { h: previous, c: by.c } };
        },
        byKernel([h, , , reset], gates) {
          const [zr, candidate] = tf.split(gates, [2 * H, H], 1) as [Matrix, Matrix];
          return tf.concat<Matrix>(
            [
              tf.matMul<Matrix>(given(h), zr, true, false),
              tf.matMul<Matrix>(given(reset), candidate, true, false),
            ],
            1,
          );
        },
      };
    },
  },

  lstm: {
    forward:
      (kernel) =>
      (x, { h, c }) => {
        const gates = tf.add(x, tf.matMul(h, kernel));
        const [i, f, g, o] = tf.split(gates, 4, 1) as [Matrix, Matrix, Matrix, Matrix];
        const [input, forget, output]: Matrix[] = [tf.sigmoid(i), tf.sigmoid(f), tf.sigmoid(o)];
        const proposed: Matrix = tf.tanh(g);
        const carry: Matrix = tf.add(tf.mul(given(forget), c), tf.mul(given(input), proposed));
        const squashed: Matrix = tf.tanh(carry);
        const next: Matrix = tf.mul(given(output), squashed);
        const kept = [h, c, given(input), given(forget), proposed, given(output), squashed];
        return { next: { h: next, c: carry }, kept };
      },
    backward(kernel) {
      const transposed: Matrix = tf.transpose<Matrix>(kernel);
      return {
        step(kept, by) {
          const [, c, input, forget, proposed, output, squashed] = kept.map(given) as [
            Matrix,
            Matrix,
            Matrix,
            Matrix,
            Matrix,
            Matrix,
            Matrix,
          ];
          const byCarry: Matrix = tf.add(by.c, throughTanh(tf.mul(by.h, output), squashed));
          const gates = tf.concat(
            [
              throughSigmoid(tf.mul(byCarry, proposed), input),
              throughSigmoid(tf.mul(byCarry, c), forget),
              throughTanh(tf.mul(byCarry, input), proposed),
              throughSigmoid(tf.mul(by.h, squashed), output),
            ],
            1,
          );
          return { gates, previous: { h: tf.matMul(gates, transposed), c: tf.mul(byCarry, forget) } };
        },
        byKernel: ([h], gates) => tf.matMul(given(h), gates, true, false),
      };
    },
  },
};

/** dy · y(1 − y): the gradient through a sigmoid whose value is y. */
function throughSigmoid(dy: tf.Tensor, y: Matrix): Matrix {
  return tf.mul(dy, tf.mul(y, tf.sub(1, y)));
}

/** dy · (1 − y²): the gradient through a tanh whose value is y. */
function throughTanh(dy: tf.Tensor, y: Matrix): Matrix {
  return tf.mul(dy, tf.sub(1, tf.square(y)));
}

function given(matrix: Matrix | undefined): Matrix {
  if (!matrix) throw new RangeError('a step kept less than its gradient needs');
  return matrix;
}

/** Keeps the first step of a weight finite; far below any gradient's square that matters. */
const EPSILON = 1e-6;

/** Where an update falls: `gradient.length` weights from `start`. */
export interface Slice {
  readonly weights: Float32Array;
  /** Sums of squared gradients, one a weight. */
  readonly accumulators: Float32Array;
  /** One a weight; absent without momentum. */
  readonly velocities?: Float32Array | undefined;
  readonly start: number;
}

/**
 * Adagrad with momentum, in place. Lock-free where arrays are shared: of two writers at one weight the later wins, which
 * sparse updates forgive.
 * @see Duchi, Hazan and Singer 2011; Niu et al. 2011 (Hogwild) for the missing locks.
 */
export function updateAdagrad(
  { weights, accumulators, velocities, start }: Slice,
  gradient: Float32Array,
  { learningRate, momentum }: { learningRate: number; momentum: number },
): void {
  for (let i = 0, at = start; i < gradient.length; i++, at++) {
    const g = gradient[i] ?? 0;
    const sum = (accumulators[at] ?? 0) + g * g;
    accumulators[at] = sum;
    let change = (-learningRate * g) / Math.sqrt(sum + EPSILON);
    if (velocities) {
      change += momentum * (velocities[at] ?? 0);
      velocities[at] = change;
    }
    weights[at] = (weights[at] ?? 0) + change;
  }
}

/** Keeps the first step of a weight finite; far below any gradient's square that matters. */
export const EPSILON = 1e-6;

/** A table with its optimiser, rows of `width` numbers end to end. */
export interface Slots {
  readonly weights: Float32Array;
  /** Sums of squared gradients, one a weight. */
  readonly accumulators: Float32Array;
  /** One a weight; absent without momentum. */
  readonly velocities?: Float32Array | undefined;
}

export interface Rates {
  readonly learningRate: number;
  /** Share of the last change that is made again; 0 for none. */
  readonly momentum: number;
}

/** The gradients of some rows of a table, each row once. */
export interface RowUpdates {
  /** int32 [rows]. */
  readonly ids: Int32Array;
  /** float32 [rows, width]. */
  readonly gradients: Float32Array;
}

/**
 * Adagrad with momentum, in place. Lock-free where arrays are shared: of two writers at one weight the later wins, which
 * sparse updates forgive.
 * @see Duchi, Hazan and Singer 2011; Niu et al. 2011 (Hogwild) for the missing locks.
 */
export function updateAdagrad(
  { weights, accumulators, velocities }: Slots,
  { ids, gradients }: RowUpdates,
  { learningRate, momentum }: Rates,
): void {
  const width = gradients.length / Math.max(1, ids.length);
  for (let row = 0, i = 0; row < ids.length; row++) {
    const start = (ids[row] ?? 0) * width;
    for (let at = start; at < start + width; at++, i++) {
      const g = gradients[i] ?? 0;
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
}

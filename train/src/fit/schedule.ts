/** How a run's learning rate falls: full for some epochs, then lower by a factor in each of the last ones. */
export interface Schedule {
  readonly learningRate: number;
  /** Epochs at the full rate, 0 or more. */
  readonly steadyEpochs: number;
}

/** Each of the last epochs has this share of the learning rate of the one before it. */
const COOLING = 0.3;
export const COOL_EPOCHS = 2;

/** The learning rate of an epoch, counted from 0. */
export function rateAt({ learningRate, steadyEpochs }: Schedule, epoch: number): number {
  return learningRate * COOLING ** Math.max(0, epoch + 1 - steadyEpochs);
}

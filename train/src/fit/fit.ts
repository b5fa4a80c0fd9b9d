import { UserError } from '../user-error.ts';
import type { Crew } from './crew.ts';
import { COOL_EPOCHS, rateAt, type Schedule } from './schedule.ts';

/** What validation sessions say of a model. */
export interface Validation {
  /** Nats a step. */
  readonly loss: number;
  readonly recallAt20: number;
  readonly mrrAt20: number;
}

/** One epoch that is over. */
export interface EpochRecord {
  /** Mean cross-entropy of its steps, in nats; of sampled candidates it is not comparable with validation's. */
  readonly trainLoss: number;
  readonly learningRate: number;
  readonly seconds: number;
  /** Targets that it learnt from. */
  readonly events: number;
  readonly validation?: Validation | undefined;
}

/** How far a fit is: plain data, all that a checkpoint needs beside the weights. */
export interface FitPlace {
  readonly epochs: readonly EpochRecord[];
  /** Of the epoch at hand: batches done, the events in them, the sum of their losses, and the seconds they took. */
  readonly batches: number;
  readonly events: number;
  readonly lossSum: number;
  readonly seconds: number;
  /** Epochs at the full rate: fewer than asked for once validation has stopped to gain. */
  readonly steadyEpochs: number;
}

export interface FitOptions {
  readonly learningRate: number;
  /** Epochs in all, the last two of which cool down. */
  readonly epochs: number;
  /** Epochs without a better validation MRR before the cooling begins. */
  readonly patience: number;
  /** Rates the weights as they are; without it all epochs are run. */
  readonly validate?: (() => Promise<Validation>) | undefined;
  /** After each step; `events` and `loss` are the step's. */
  readonly onStep?: (step: { epoch: number; events: number; loss: number }) => void;
  /** After each epoch; the place is the one after it. */
  readonly onEpoch?: (record: EpochRecord, place: FitPlace) => void;
  /** Whether to stop at this step and call `pause`: to save, or to end. */
  readonly isDue?: () => boolean;
  /** Called at rest, between two steps; what it throws ends the fit. */
  readonly pause?: (place: FitPlace) => Promise<void>;
}

/** Where a fit of so many epochs begins. */
export function startOf(epochs: number): FitPlace {
  const steadyEpochs = Math.max(0, epochs - COOL_EPOCHS);
  return { epochs: [], batches: 0, events: 0, lossSum: 0, seconds: 0, steadyEpochs };
}

/** Epochs that a fit will have had at its end. */
export function epochsOf({ steadyEpochs }: Pick<FitPlace, 'steadyEpochs'>, asked: number): number {
  return Math.min(asked, steadyEpochs + COOL_EPOCHS);
}

/**
 * Fits a crew's weights, from any place on, to the end.
 * @returns the place at the end.
 * @throws UserError when the loss turns NaN or infinite: that step is not taken.
 */
export async function fit(crew: Crew, options: FitOptions, from: FitPlace): Promise<FitPlace> {
  let place = from;
  while (place.epochs.length < epochsOf(place, options.epochs)) place = await runEpoch(crew, options, place);
  return place;
}

async function runEpoch(crew: Crew, options: FitOptions, from: FitPlace): Promise<FitPlace> {
  const { learningRate, validate } = options;
  const epoch = from.epochs.length;
  const schedule: Schedule = { learningRate, steadyEpochs: from.steadyEpochs };
  let place = from;
  for (let isOver = false; !isOver; ) {
    const started = performance.now();
    let { events, lossSum } = place;
    isOver = true;
    for await (const report of crew.run(epoch, place.batches, schedule)) {
      if (!Number.isFinite(report.loss)) throw diverged(report.loss, epoch);
      events += report.events;
      lossSum += report.loss * report.events;
      options.onStep?.({ epoch, ...report });
      if (!isOver || !options.isDue?.()) continue;
      isOver = false;
      crew.stop(); // not `break`: steps in hand are yet to be counted
    }
    const seconds = place.seconds + (performance.now() - started) / 1000;
    place = { ...place, batches: crew.done, events, lossSum, seconds };
    if (!isOver) await options.pause?.(place);
  }
  if (place.events === 0)
    throw new UserError('no step of the sessions has a page to predict: nothing to learn');
  const { seconds } = place;
  const validation = await validate?.();
  const record = {
    trainLoss: place.lossSum / place.events,
    learningRate: rateAt(schedule, epoch),
    seconds,
    events: place.events,
    ...(validation ? { validation } : {}),
  };
  const epochs = [...place.epochs, record];
  const isStale = epochs.length < place.steadyEpochs && hasStalled(epochs, options.patience);
  const steadyEpochs = isStale ? epochs.length : place.steadyEpochs;
  const next = { epochs, batches: 0, events: 0, lossSum: 0, seconds: 0, steadyEpochs };
  options.onEpoch?.(record, next);
  return next;
}

/** Whether the best validation MRR is more than `patience` epochs old. */
function hasStalled(epochs: readonly EpochRecord[], patience: number): boolean {
  const scores = epochs.map(({ validation }) => validation?.mrrAt20 ?? Number.POSITIVE_INFINITY);
  const best = scores.indexOf(Math.max(...scores));
  return scores.length - 1 - best >= patience && Number.isFinite(scores[best]);
}

function diverged(loss: number, epoch: number): UserError {
  return new UserError(`the loss is ${loss} in epoch ${epoch + 1}: try a smaller --learning-rate`);
}

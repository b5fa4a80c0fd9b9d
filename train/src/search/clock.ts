import { deferInterrupts } from '../interrupt.ts';
import { StoppedError } from '../user-error.ts';

/** The time that a search has, and the user's wish to stop it. */
export interface Clock {
  /** Whether no epoch should begin any more. */
  isOver(): boolean;
  /** Seconds, 0 or more. */
  left(): number;
  /** Whether the user wants it to stop at this step. */
  isStopped(): boolean;
  /** @throws StoppedError with the exit code that the user's signal asks for. */
  stop(): never;
}

/**
 * From here on the first signal is only noticed, so that a search has its say; the second ends the process at once.
 * @param endMs of `performance.now()`.
 */
export function createClock(endMs: number): Clock {
  const { exitCode } = deferInterrupts();
  const left = () => Math.max(0, (endMs - performance.now()) / 1000);
  return {
    isOver: () => left() === 0,
    left,
    isStopped: () => exitCode() !== undefined,
    stop: () => {
      throw new StoppedError('stopped', exitCode() ?? 1);
    },
  };
}

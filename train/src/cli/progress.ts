import { SingleBar } from 'cli-progress';
import { onInterrupt } from '../interrupt.ts';

/** Shows how far a fit is: a bar an epoch in a terminal, and a line after each epoch everywhere. */
export interface Progress {
  /** @param step `epoch` from 0; the events that one step learnt from, and their mean loss. */
  step(step: { epoch: number; events: number; loss: number }): void;
  /** @param line what the epoch came to. */
  endEpoch(line: string): void;
  stop(): void;
}

/** How much the latest step counts in the shown loss. */
const SMOOTHING = 0.02;

/**
 * @param options.events scored events in an epoch.
 * @param options.done how many of the first epoch's are done already.
 */
export function showProgress(
  { events: total, epochs, done = 0 }: { events: number; epochs: number; done?: number },
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  let bar: SingleBar | undefined;
  let smooth: number | undefined;
  let seen = done;
  let started = Date.now();
  let learnt = 0;
  const takeBack = onInterrupt(() => bar?.stop()); // which shows the cursor again
  const open = (epoch: number) => {
    bar = new SingleBar({
      stream,
      format: '  epoch {epoch}  {bar}  {percentage} %  loss {loss}  {rate} events/s  {left} left in it',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
    });
    bar.start(total, seen, { epoch: `${epoch + 1}/${epochs}`, loss: '–', rate: '–', left: '–' });
  };
  return {
    step({ epoch, events, loss }) {
      if (!bar && stream.isTTY) open(epoch);
      smooth = smooth === undefined ? loss : smooth + SMOOTHING * (loss - smooth);
      seen += events;
      learnt += events;
      const rate = learnt / Math.max((Date.now() - started) / 1000, 1e-3);
      bar?.update(seen, {
        loss: smooth.toFixed(3),
        rate: Math.round(rate).toLocaleString('en'),
        left: duration((total - seen) / rate),
      });
    },
    endEpoch(line) {
      bar?.stop();
      bar = undefined;
      seen = 0;
      learnt = 0;
      started = Date.now();
      stream.write(`${line}\n`);
    },
    stop() {
      takeBack();
      bar?.stop();
    },
  };
}

/** Seconds as `1:05` or `12 s`. */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

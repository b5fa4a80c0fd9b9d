import { SingleBar } from 'cli-progress';
import { onInterrupt } from '../interrupt.ts';

/** Shows how far a run is: a bar in a terminal, a line an epoch elsewhere. */
export interface Progress {
  /** @param done of the total; `epoch` counts from 0, `loss` is the step's. */
  update(done: number, state: { epoch: number; loss: number }): void;
  stop(): void;
}

/** How much the latest step counts in the shown loss. */
const SMOOTHING = 0.02;

/** @param total scored events in all epochs. */
export function showProgress(
  total: number,
  epochs: number,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  const started = Date.now();
  let smooth: number | undefined;
  let lastEpoch = -1;
  const bar = stream.isTTY
    ? new SingleBar({
        stream,
        format: '  epoch {epoch}  {bar}  {percentage} %  loss {loss}  {rate} events/s  {left} left',
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 24,
        hideCursor: true,
      })
    : undefined;
  bar?.start(total, 0, { epoch: `1/${epochs}`, loss: '–', rate: '–', left: '–' });
  const takeBack = onInterrupt(() => bar?.stop()); // which shows the cursor again
  return {
    update(done, { epoch, loss }) {
      smooth = smooth === undefined ? loss : smooth + SMOOTHING * (loss - smooth);
      const seconds = (Date.now() - started) / 1000;
      const rate = done / Math.max(seconds, 1e-3);
      const state = {
        epoch: `${epoch + 1}/${epochs}`,
        loss: smooth.toFixed(3),
        rate: Math.round(rate).toLocaleString('en'),
        left: duration((total - done) / rate),
      };
      bar?.update(done, state);
      const isLast = done >= total;
      if (!bar && (epoch !== lastEpoch || isLast)) {
        if (lastEpoch >= 0) {
          const finished = isLast ? epoch : lastEpoch;
          stream.write(
            `  epoch ${finished + 1}/${epochs}  loss ${state.loss}  ${state.rate} events/s  ${state.left} left\n`,
          );
        }
        lastEpoch = epoch;
      }
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

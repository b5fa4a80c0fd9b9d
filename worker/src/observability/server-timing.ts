import type { Observation } from './observation.ts';

/**
 * `Server-Timing`: `load`, the waiting for the store; `predict`, what followed it where a prediction was asked for; and
 * `total`, until the headers of the answer. In milliseconds.
 */
export function serverTiming(
  { totalMs, storeMs, afterStoreMs }: ReturnType<Observation['elapsed']>,
  isPrediction: boolean,
): string {
  const metrics = [
    ['load', storeMs],
    ['predict', isPrediction ? afterStoreMs : undefined],
    ['total', totalMs],
  ] as const;
  return metrics.flatMap(([name, ms]) => (ms === undefined ? [] : `${name};dur=${ms.toFixed(2)}`)).join(', ');
}

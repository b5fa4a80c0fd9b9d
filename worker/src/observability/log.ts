import type { RequestRecord } from './request-record.ts';

/**
 * The share of successes that is logged by default. Errors all are. A site has a request a page view: of 100,000 a day, 1,000
 * lines tell every rate and latency to a few percent.
 */
export const DEFAULT_LOG_SAMPLE = 0.01;

/** Reads `LOG_SAMPLE`, 0 to 1; says of anything else what is wrong with it, and gives the default. */
export function readLogSample(value: unknown, warn: (line: string) => void = console.warn): number {
  if (value === undefined || value === '') return DEFAULT_LOG_SAMPLE;
  const sample = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof sample === 'number' && sample >= 0 && sample <= 1) return sample;
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  warn(`LOG_SAMPLE: "${shown}" is no number from 0 to 1; ${DEFAULT_LOG_SAMPLE} is used`);
  return DEFAULT_LOG_SAMPLE;
}

/**
 * The line of a request, or null where it is left out: of successes all but a sample, and of those that probes ask for,
 * `/healthz`, all. `sample` is the share that the line stands for, so that counts can be scaled.
 * @param draw a number from 0 to 1, below 1.
 */
export function logLine(record: RequestRecord, sample: number, draw: number): string | null {
  const isError = record.status >= 400;
  if (!isError && (record.route === '/healthz' || draw >= sample)) return null;
  return JSON.stringify({ event: 'request', ...record, sample: isError ? 1 : sample });
}

import type { MiddlewareHandler } from 'hono';
import { ColdStarts } from './cold-starts.ts';
import { type Dataset, dataPoint } from './data-point.ts';
import { DEFAULT_LOG_SAMPLE, logLine } from './log.ts';
import { type Clock, Observation } from './observation.ts';
import { type RequestRecord, recordRequest } from './request-record.ts';
import { serverTiming } from './server-timing.ts';

export interface ObserveOptions {
  /** The share of successes that is logged, 0 to 1. Errors always are. */
  readonly logSample?: number;
  /** Takes a line of JSON; nothing is logged without it. */
  readonly log?: (line: string) => void;
  /** Takes a data point for each valid request for predictions; what is not valid reaches no model, and is in the log. */
  readonly analytics?: Dataset | undefined;
  readonly now?: Clock;
  /** 0 to 1, below 1. */
  readonly random?: () => number;
}

/**
 * Measures every request and tells the client in `Server-Timing`, the log in a line of JSON, and Analytics Engine in a data
 * point. It is the first middleware, since it sees what the others answer. Whatever fails in it fails no request.
 */
export function observe(options: ObserveOptions = {}): MiddlewareHandler {
  const { logSample = DEFAULT_LOG_SAMPLE, analytics, log, random = Math.random } = options;
  const now = options.now ?? (() => performance.now());
  const coldStarts = new ColdStarts();

  return async (c, next) => {
    const observation = new Observation(now, coldStarts);
    c.set('observation', observation);
    await next();
    const elapsed = observation.elapsed();
    const record = recordRequest(c, observation, elapsed.totalMs);
    const isPrediction = record.instances !== null;
    c.res.headers.set('Server-Timing', serverTiming(elapsed, isPrediction));
    // Who may read the answer may read its timing.
    const reader = c.res.headers.get('Access-Control-Allow-Origin');
    if (reader !== null) c.res.headers.set('Timing-Allow-Origin', reader);
    const line = log ? logLine(record, logSample, random()) : null;
    if (line !== null) log?.(line);
    if (analytics && isPrediction) write(analytics, record);
  };
}

function write(analytics: Dataset, record: RequestRecord): void {
  try {
    analytics.writeDataPoint(dataPoint(record));
  } catch (error) {
    console.error(error);
  }
}

import type { RequestRecord } from './request-record.ts';

/** Upper ends of the latency classes, in ms; the last class has none. */
const LATENCY_CLASSES_MS = [1, 5, 25, 100, 500] as const;

/** The part of Cloudflare's `AnalyticsEngineDataset` that is used. */
export interface Dataset {
  writeDataPoint(point: DataPoint): void;
}

/** What Analytics Engine keeps of a prediction request. */
export interface DataPoint {
  /** What it samples by: the model. */
  readonly indexes: [model: string];
  readonly blobs: [model: string, version: string, latency: string, part: string, status: string];
  readonly doubles: [instances: number, ms: number];
}

/** The data point of a request; what is not known is empty, and a part that was not chosen is `all`. */
export function dataPoint({ model, version, part, status, instances, ms }: RequestRecord): DataPoint {
  return {
    indexes: [model ?? ''],
    blobs: [model ?? '', version ?? '', latencyClass(ms), part ?? 'all', String(status)],
    doubles: [instances ?? 0, ms],
  };
}

/** Such as `<25 ms`. */
export function latencyClass(ms: number): string {
  const end = LATENCY_CLASSES_MS.find((end) => ms < end);
  return end === undefined ? `>=${LATENCY_CLASSES_MS.at(-1)} ms` : `<${end} ms`;
}

import { env } from 'cloudflare:workers';
import type { DataPoint } from '@pathcast/worker/observability/data-point';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createWorker, publish, slowBucket, twoVersions } from './support.ts';

const [pages] = twoVersions();
beforeAll(() => publish(pages));

describe('Analytics Engine', () => {
  it('gets a data point for each valid prediction request, and for no other', async () => {
    const { bucket, now } = slowBucket(10);
    const points: DataPoint[] = [];
    const analytics = { writeDataPoint: (point: DataPoint) => void points.push(point) };
    const worker = createWorker({ bucket, observability: { now, analytics } });
    await worker.predict('pages', { instances: [{ history: [] }, { history: ['/p3'] }], part: 'recurrent' });
    await worker.ask('/v1/models/pages/next?page=/p2');
    await worker.predict('nobody', { instances: [{ history: [] }] });
    for (const path of ['/healthz', '/v1/models', '/v1/models/pages']) await worker.ask(path);
    await worker.predict('pages', { instances: [] });
    expect(points).toEqual([
      {
        indexes: ['pages'],
        blobs: ['pages', pages.version, expect.stringMatching(/^<(100|500) ms$/), 'recurrent', '200'],
        doubles: [2, expect.any(Number)],
      },
      { indexes: ['pages'], blobs: ['pages', pages.version, '<1 ms', 'all', '200'], doubles: [1, 0] },
      { indexes: [''], blobs: ['', '', '<25 ms', 'all', '404'], doubles: [1, 10] },
    ]);
  });

  it('that fails makes no request fail', async () => {
    const error = vi.spyOn(console, 'error').mockReturnValue();
    const fault = new Error('no more points');
    const writeDataPoint = () => {
      throw fault;
    };
    const worker = createWorker({ observability: { analytics: { writeDataPoint } } });
    expect((await worker.predict('pages', { instances: [{ history: [] }] })).status).toBe(200);
    expect(error).toHaveBeenCalledExactlyOnceWith(fault);
    error.mockRestore();
  });

  it('takes the points in the form of its own binding', async () => {
    const analytics = env.ANALYTICS;
    if (!analytics) throw new Error('the tests bind ANALYTICS');
    const taken = vi.spyOn(analytics, 'writeDataPoint');
    const worker = createWorker({ observability: { analytics } });
    expect((await worker.predict('pages', { instances: [{ history: [] }] })).status).toBe(200);
    expect(taken).toHaveBeenCalledOnce();
    expect(taken).toHaveReturned();
    taken.mockRestore();
  });
});

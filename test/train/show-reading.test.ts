import { showReading } from '@pathcast/train/cli/show-reading';
import { describe, expect, it } from 'vitest';

/** A stream that remembers what was written to it. */
function streamOf(isTTY: boolean) {
  const written: string[] = [];
  const stream = Object.assign(Object.create(process.stderr), {
    isTTY,
    write: (text: string) => written.push(text) > 0,
  });
  return { stream: stream as NodeJS.WriteStream, written }; // all of it that is used
}

describe('what is being read', () => {
  it('is said in a terminal and taken back, also when reading fails', async () => {
    for (const work of [async () => 7, async () => Promise.reject(new Error('no'))]) {
      const { stream, written } = streamOf(true);
      await showReading('access.log', work, stream).catch(() => {});
      expect(written).toEqual(['  reading   access.log …', '\r\x1b[K']);
    }
  });

  it('is not said elsewhere', async () => {
    const { stream, written } = streamOf(false);
    expect(await showReading('access.log', async () => 7, stream)).toBe(7);
    expect(written).toEqual([]);
  });
});

import { DEFAULT_LOG_SAMPLE, readLogSample } from '@pathcast/worker/observability/log';
import { readModelBytes } from '@pathcast/worker/store/memory-budget';
import { describe, expect, it, vi } from 'vitest';

describe('LOG_SAMPLE', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['0.25', 0.25],
    [0.5, 0.5],
    [undefined, DEFAULT_LOG_SAMPLE],
    ['', DEFAULT_LOG_SAMPLE],
  ])('%j is %d', (value, sample) => {
    const warn = vi.fn();
    expect(readLogSample(value, warn)).toBe(sample);
    expect(warn).not.toHaveBeenCalled();
  });

  it.each(['2', '-0.1', 'all', '1%', ' ', 'NaN', '0x', 7, true, null, {}])(
    '%j is the default, and said to be',
    (value) => {
      const warn = vi.fn();
      expect(readLogSample(value, warn)).toBe(DEFAULT_LOG_SAMPLE);
      expect(warn).toHaveBeenCalledExactlyOnceWith(
        expect.stringMatching(/^LOG_SAMPLE: ".*" is no number from 0 to 1; 0.01 is used$/),
      );
    },
  );
});

describe('MODEL_MEMORY_MB', () => {
  it.each([
    ['64', 64e6],
    ['0.5', 500_000],
    [undefined, 100e6],
    ['', 100e6],
  ])('%j is %d bytes', (value, bytes) => {
    const warn = vi.fn();
    expect(readModelBytes(value, warn)).toBe(bytes);
    expect(warn).not.toHaveBeenCalled();
  });

  it.each(['0', '-1', 'all', 'Infinity', '64MB', ' ', null, true, []])(
    '%j is refused in a sentence',
    (value) => {
      const warn = vi.fn();
      expect(readModelBytes(value, warn)).toBe(100e6);
      const sentence = `MODEL_MEMORY_MB: ${JSON.stringify(value)} is no number above 0; 100 is used`;
      expect(warn).toHaveBeenCalledExactlyOnceWith(sentence);
    },
  );
});

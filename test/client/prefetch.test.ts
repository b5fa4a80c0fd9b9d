import { describe, expect, it } from 'vitest';
import { InputError } from '../../client/src/errors.ts';
import { choosePages, chooseThreshold } from '../../client/src/prefetch/choose.ts';
import { checkOptions } from '../../client/src/prefetch/options.ts';

describe('checkOptions', () => {
  it.each([
    [{ maxWastedFetches: -1 }, 'maxWastedFetches must be 0 or more'],
    [{ maxWastedFetches: Number.NaN }, 'maxWastedFetches must be 0 or more'],
    [{ prerenderAbove: 0.3 }, 'prerenderAbove must be 0.5 or more'],
    [{ exclude: /private/ }, 'exclude must be a function'],
    [{ toUrl: 'https://example.com' }, 'toUrl must be a function'],
    [{ cacheable: true }, 'cacheable must be a function'],
    [{ onReport: {} }, 'onReport must be a function'],
  ])('names the option at fault in %j', (options, sentence) => {
    const start = () => Reflect.apply(checkOptions, undefined, [options]);
    expect(start).toThrow(InputError);
    expect(start).toThrow(sentence);
  });
});

describe('chooseThreshold', () => {
  // Not monotonous, as measured tables may be.
  const table = [
    { threshold: 0.1, wasted: 0.9 },
    { threshold: 0.2, wasted: 0.3 },
    { threshold: 0.3, wasted: 0.31 },
    { threshold: 0.4, wasted: 0.1 },
  ];

  it.each([
    [1, 0.1],
    [0.3, 0.2],
    [0.29, 0.4],
    [0.05, 2],
    [0, 2],
  ])('for a budget of %f takes the row of %f, and between rows nothing', (budget, threshold) => {
    expect(chooseThreshold(table, budget)).toBe(threshold);
  });

  it('chooses none of an empty table, nor what is no number', () => {
    expect(chooseThreshold([], 1)).toBe(2);
    expect(chooseThreshold([{ threshold: Number.NaN, wasted: 0 }], 1)).toBe(2);
  });
});

describe('choosePages', () => {
  const next = [0.4, 0.3, 0.2, 0.1, 0.05].map((probability, i) => ({ page: `/${i}`, probability }));

  it('takes the likeliest three of those that are at the threshold, fetchable, and not open', () => {
    const pages = (threshold: number, open?: string, not = '') =>
      choosePages(next, threshold, open, (page) => (page === not ? undefined : `https://a${page}`)).map(
        ({ url }) => url,
      );
    expect(pages(0)).toEqual(['https://a/0', 'https://a/1', 'https://a/2']);
    expect(pages(0.2, '/0')).toEqual(['https://a/1', 'https://a/2']);
    expect(pages(0.1, '/0', '/1')).toEqual(['https://a/2', 'https://a/3']);
    expect(pages(0.5)).toEqual([]);
  });
});

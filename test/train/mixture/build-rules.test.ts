import type { RuleTables } from '@pathcast/models/predictor/rules';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { buildRules } from '@pathcast/train/mixture/build-rules';
import { countReturns } from '@pathcast/train/mixture/count-returns';
import { describe, expect, it } from 'vitest';
import { randomSessions } from '../../support/mixtures.ts';

const MARKOV = { lags: 1, lagDecay: 1, backward: 0, historyDecay: 0, returns: false };
const WIDE = { lags: 2, lagDecay: 0.5, backward: 0.25, historyDecay: 0.5, returns: true };

/** Each page's rules as [page, count], in order. */
function rulesOf({ offsets, successors, counts }: RuleTables, page: number): [number, number][] {
  return Array.from(successors.subarray(offsets[page], offsets[page + 1]), (id, i) => [
    id,
    counts[(offsets[page] ?? 0) + i] ?? 0,
  ]);
}

describe('rules', () => {
  it('count transitions by lag and direction, as worked by hand', () => {
    const rules = buildRules(
      TokenSessions.of([
        [2, 3, 4],
        [2, 3],
      ]),
      { ...WIDE, size: 6 },
    );
    expect(rulesOf(rules, 2)).toEqual([
      [3, 2], // twice, one step on
      [4, 0.5], // once, two steps on
    ]);
    expect(rulesOf(rules, 3)).toEqual([
      [4, 1],
      [2, 0.5], // twice, one step back
    ]);
    expect(rulesOf(rules, 4)).toEqual([
      [3, 0.25],
      [2, 0.125], // two steps back
    ]);
    expect(rulesOf(rules, 5)).toEqual([]);
  });

  it('are a Markov chain’s counts at one lag', () => {
    const sessions = randomSessions(200, 20);
    const counted = new Map<string, number>();
    for (const session of sessions) {
      for (let i = 1; i < session.length; i++) {
        const key = `${session[i - 1]} ${session[i]}`;
        counted.set(key, (counted.get(key) ?? 0) + 1);
      }
    }
    const rules = buildRules(sessions, { ...MARKOV, size: 20 });
    expect(rules.successors).toHaveLength(counted.size);
    for (let page = 2; page < 20; page++) {
      for (const [next, count] of rulesOf(rules, page)) expect(count).toBe(counted.get(`${page} ${next}`));
    }
    expect([...rules.returns].every((rate) => rate === 0)).toBe(true);
  });

  it('do not lead to or from unknown pages, nor across sessions', () => {
    const rules = buildRules(
      TokenSessions.of([
        [2, 1, 3],
        [4, 2],
      ]),
      { ...MARKOV, size: 5 },
    );
    expect(rulesOf(rules, 4)).toEqual([[2, 1]]);
    expect(rules.successors).toHaveLength(1);
  });

  it('keep the most frequent of each page, within a budget', () => {
    const sessions = TokenSessions.of([
      [2, 3],
      [2, 4],
      [2, 4],
      [2, 5],
      [3, 4],
      [3, 5],
    ]);
    const rules = buildRules(sessions, { ...MARKOV, size: 6, maxRules: 4 });
    expect(rulesOf(rules, 2)).toEqual([
      [4, 2],
      [3, 1], // tied with 5, which is visited less
    ]);
    expect(rulesOf(rules, 3)).toHaveLength(2);
  });
});

describe('returns', () => {
  it('are counted by the number of pages and by whether the visit came back before', () => {
    // 2 3 2: at [2] no return; at [2, 3] back to the one before. 2 3 2 3: at [2, 3, 2], which came back, once more.
    const returns = countReturns(
      TokenSessions.of([
        [2, 3, 2],
        [2, 3, 2, 3],
      ]),
    );
    expect(returns[0]).toBe(0);
    expect(returns[10 + 1]).toBeCloseTo(2 / (2 + 20), 6);
    expect(returns[100 + 10 + 1]).toBeCloseTo(1 / (1 + 20), 6);
    expect([...returns].filter((rate) => rate > 0)).toHaveLength(2);
  });
});

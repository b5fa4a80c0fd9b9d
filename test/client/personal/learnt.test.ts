import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amend, type Learnt, learn, mix, NOTHING, rescale } from '../../../client/src/personal/learnt.ts';

/** What was learnt from these transitions, one after another. */
function learntFrom(...transitions: readonly (readonly [from: string, to: string])[]): Learnt {
  const text = transitions.reduce(
    (text, [from, to]) => amend(text, (learnt) => learn(learnt, from, to)),
    NOTHING,
  );
  return JSON.parse(text);
}

/** A few names, so that they meet; no line breaks, which no page has. */
const page = fc.constantFrom('', '/', '/a', '/a/b', '/b', '/ü', '__proto__', 'constructor', '7', '"\\');
const transitions = fc.array(fc.tuple(page, page), { maxLength: 40 });
/** A server's answer: each page once, best first, a whole of at most 1. */
const served = fc
  .uniqueArray(fc.tuple(page, fc.double({ min: 0, max: 1, noNaN: true })), { selector: ([page]) => page })
  .map((rows) => {
    const whole = Math.max(
      1,
      rows.reduce((sum, [, weight]) => sum + weight, 0),
    );
    return rows
      .map(([page, weight]) => ({ page, probability: weight / whole }))
      .sort((a, b) => b.probability - a.probability);
  });

describe('mixing', () => {
  it('weighs own transitions by n/(n + k): a case worked by hand', () => {
    // Left /a three times, twice to /x and once to /b: n = 3, k = 5, so 3/8 own and 5/8 served.
    const learnt = learntFrom(['/a', '/x'], ['/a', '/b'], ['/a', '/x'], ['/b', '/z']);
    const answer = [
      { page: '/b', probability: 0.4 },
      { page: '/c', probability: 0.4 },
      { page: '/d', probability: 0.08 },
    ];
    const mixed = mix(learnt, '/a', answer);
    expect(mixed.map(({ page }) => page)).toEqual(['/b', '/c', '/x', '/d']);
    const expected = [0.25 + 0.125, 0.25, 0.25, 0.05];
    for (const [i, { probability }] of mixed.entries()) expect(probability).toBeCloseTo(expected[i] ?? 0, 12);
  });

  it('gives what was served where the visitor never left the page', () => {
    fc.assert(
      fc.property(served, transitions, (answer, given) => {
        const mixed = mix(learntFrom(...given.filter(([from]) => from !== '/a')), '/a', answer);
        expect(mixed.map(({ page }) => page)).toEqual(answer.map(({ page }) => page));
        for (const [i, { probability }] of mixed.entries())
          expect(probability).toBeCloseTo(answer[i]?.probability ?? 0, 12);
      }),
    );
  });

  it('keeps probabilities from 0 to 1, falling, a whole of at most 1, and each page once', () => {
    fc.assert(
      fc.property(served, transitions, page, (answer, given, from) => {
        const mixed = mix(learntFrom(...given), from, answer);
        const probabilities = mixed.map(({ probability }) => probability);
        expect(probabilities.every((p) => p >= 0 && p <= 1)).toBe(true);
        expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
        expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeLessThanOrEqual(1 + 1e-9);
        expect(new Set(mixed.map(({ page }) => page)).size).toBe(mixed.length);
      }),
    );
  });

  it('gives every page the mean of served and own shares, counted anew', () => {
    fc.assert(
      fc.property(served, transitions, page, (answer, given, from) => {
        const own = given.filter(([at]) => at === from).map(([, to]) => to);
        const weight = own.length / (own.length + 5);
        for (const { page, probability } of mix(learntFrom(...given), from, answer)) {
          const share = own.length ? own.filter((to) => to === page).length / own.length : 0;
          const was = answer.find((one) => one.page === page)?.probability ?? 0;
          expect(probability).toBeCloseTo(weight * share + (1 - weight) * was, 12);
        }
      }),
    );
  });
});

describe('the text of what was learnt', () => {
  it('stays within 32,768 characters, and drops what was not used for the longest time', () => {
    const long = (i: number) => `/${i}/${'x'.repeat(100)}`;
    let text = NOTHING;
    for (let i = 0; i < 400; i++) {
      text = amend(text, (learnt) => learn(learnt, long(i), '/next'));
      text = amend(text, (learnt) => learn(learnt, '/often', '/used'));
      expect(text.length).toBeLessThanOrEqual(32_768);
    }
    const { counts }: Learnt = JSON.parse(text);
    expect(counts['/often\n/used']).toBe(400);
    expect(counts[`${long(399)}\n/next`]).toBe(1);
    expect(counts[`${long(0)}\n/next`]).toBeUndefined();
    expect(Object.keys(counts).length).toBeGreaterThan(200);
  });

  it('counts as nothing where it is damaged, whatever it is', () => {
    const damaged: unknown[] = [
      undefined,
      null,
      7,
      {},
      [],
      '',
      'null',
      '7',
      '[]',
      '{}',
      '{"counts":',
      '{"counts":null,"predicted":0,"hits":0}',
      '{"counts":{"/a\\n/b":"1"},"predicted":0,"hits":0}',
      '{"counts":{"/a\\n/b":-7},"predicted":0,"hits":0}',
      '{"counts":{"/a\\n/b":null},"predicted":0,"hits":0}',
      '{"counts":{},"predicted":"1","hits":0}',
      '{"counts":{},"predicted":0}',
      '{"counts":{},"predicted":0,"hits":0,"offer":{"from":"/a"}}',
      '{"counts":[],"predicted":0,"hits":0}',
    ];
    for (const text of damaged) {
      const after: Learnt = JSON.parse(amend(text, (learnt) => learn(learnt, '/a', '/b')));
      expect(after).toEqual({ counts: { '/a\n/b': 1 }, predicted: 0, hits: 0 });
    }
  });

  it('never throws, and gives text that the next change reads, after any JSON', () => {
    fc.assert(
      fc.property(fc.json(), transitions, (json, given) => {
        for (const text of [json, `{"counts":${json},"predicted":0,"hits":0,"offer":${json}}`]) {
          let after = text;
          for (const [from, to] of given) after = amend(after, (learnt) => learn(learnt, from, to));
          const [from = '', to = ''] = given.at(-1) ?? [];
          if (given.length) expect(mix(JSON.parse(after), from, []).map(({ page }) => page)).toContain(to);
        }
      }),
    );
  });
});

describe('the threshold', () => {
  /** After so many answers whose first page had this probability, and came next or did not. */
  const judged = (answers: number, probability: number, isHit: boolean) => {
    let text = NOTHING;
    for (let i = 0; i < answers; i++) {
      text = amend(text, (learnt) => {
        learnt.offer = { from: '/a', page: '/b', probability };
      });
      text = amend(text, (learnt) => learn(learnt, '/a', isHit ? '/b' : '/c'));
    }
    return text;
  };

  it('stays as served before anything is judged, and little changes after one answer', () => {
    expect(rescale(0.4, NOTHING)).toBe(0.4);
    // One answer of 0.5 that did not come: (0.5 + 10) / (0 + 10).
    expect(rescale(0.4, judged(1, 0.5, false))).toBeCloseTo(0.42, 12);
  });

  it('rises by the hits that were predicted over those seen, and is at most 1', () => {
    // Thirty of 0.5 that never came, each weighing 0.99 of the next: 0.5 × (1 − 0.99^30) / 0.01.
    const predicted = (0.5 * (1 - 0.99 ** 30)) / 0.01;
    expect(rescale(0.2, judged(30, 0.5, false))).toBeCloseTo((0.2 * (predicted + 10)) / 10, 10);
    expect(rescale(0.5, judged(500, 1, false))).toBe(1);
  });

  it('is never lower than served, however often predictions come true', () => {
    expect(rescale(0.4, judged(100, 0.1, true))).toBe(0.4);
  });

  it('recovers once predictions come true', () => {
    let text = judged(100, 0.5, false);
    const before = rescale(0.2, text);
    for (let i = 0; i < 400; i++) {
      text = amend(text, (learnt) => {
        learnt.offer = { from: '/a', page: '/b', probability: 0.5 };
      });
      text = amend(text, (learnt) => learn(learnt, '/a', i % 2 ? '/b' : '/c'));
    }
    expect(rescale(0.2, text)).toBeLessThan(before / 2);
    expect(rescale(0.2, text)).toBeCloseTo(0.2, 1);
  });

  it('judges no answer that was given elsewhere, and none twice', () => {
    const offered = amend(NOTHING, (learnt) => {
      learnt.offer = { from: '/a', page: '/b', probability: 0.5 };
    });
    const elsewhere = amend(offered, (learnt) => learn(learnt, '/other', '/b'));
    expect(JSON.parse(elsewhere)).toMatchObject({ predicted: 0, hits: 0 });
    const once = amend(elsewhere, (learnt) => learn(learnt, '/a', '/b'));
    expect(JSON.parse(once)).toMatchObject({ predicted: 0.5, hits: 1 });
    expect(JSON.parse(amend(once, (learnt) => learn(learnt, '/a', '/b')))).toMatchObject({ hits: 1 });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amend, type Learnt, learn, mix, NOTHING, rescale } from '../../../client/src/personal/learnt.ts';

/** What was learnt from these transitions, one after another. */
function learntFrom(...transitions: readonly (readonly [from: string, to: string])[]): Learnt {
  const text = transitions.reduce(
    (text, [from, to]) => amend(text, (learnt) => learn(learnt, from, { page: to })),
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
      text = amend(text, (learnt) => learn(learnt, long(i), { page: '/next' }));
      text = amend(text, (learnt) => learn(learnt, '/often', { page: '/used' }));
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
      '{"counts":null,"promised":0,"wasted":0}',
      '{"counts":{"/a\\n/b":"1"},"promised":0,"wasted":0}',
      '{"counts":{"/a\\n/b":-7},"promised":0,"wasted":0}',
      '{"counts":{"/a\\n/b":null},"promised":0,"wasted":0}',
      '{"counts":{},"promised":"1","wasted":0}',
      '{"counts":{},"promised":0}',
      '{"counts":{},"promised":0,"wasted":0,"offer":{"from":"/a"}}',
      '{"counts":{},"promised":0,"wasted":0,"offer":{"from":"/a","served":"0.5"}}',
      '{"counts":{},"promised":0,"wasted":0,"offer":{"from":"/a","served":[7]}}',
      '{"counts":{},"promised":0,"wasted":-1}',
      '{"counts":[],"promised":0,"wasted":0}',
    ];
    for (const text of damaged) {
      const opened = { page: '/b', fetched: [], threshold: 0.1 };
      const after: Learnt = JSON.parse(amend(text, (learnt) => learn(learnt, '/a', opened)));
      expect(after).toEqual({ counts: { '/a\n/b': 1 }, promised: 0, wasted: 0 });
    }
  });

  it('never throws, and gives text that the next change reads, after any JSON', () => {
    fc.assert(
      fc.property(fc.json(), transitions, (json, given) => {
        for (const text of [json, `{"counts":${json},"promised":0,"wasted":0,"offer":${json}}`]) {
          let after = text;
          for (const [from, to] of given) after = amend(after, (learnt) => learn(learnt, from, { page: to }));
          const [from = '', to = ''] = given.at(-1) ?? [];
          if (given.length) expect(mix(JSON.parse(after), from, []).map(({ page }) => page)).toContain(to);
        }
      }),
    );
  });
});

describe('the threshold', () => {
  /** After so many answers with these served probabilities, at whose page these were fetched and `/b` was opened. */
  const judged = (
    answers: number,
    served: readonly number[],
    fetched: readonly string[],
    before = NOTHING,
  ) => {
    let text = before;
    for (let i = 0; i < answers; i++) {
      text = amend(text, (learnt) => {
        learnt.offer = { from: '/a', served };
      });
      text = amend(text, (learnt) => learn(learnt, '/a', { page: '/b', fetched, threshold: 0.2 }));
    }
    return text;
  };

  it('stays as served before anything is judged, and grows by what one answer wasted', () => {
    expect(rescale(0.2, NOTHING)).toBe(0.2);
    // At 0.2, pages of 0.5 and 0.3 promise 0.5 + 0.7 in vain; one of three came: (2 + 1) / (1.2 + 1).
    const text = judged(1, [0.5, 0.3, 0.1], ['/b', '/c', '/d']);
    expect(JSON.parse(text)).toMatchObject({ promised: 1.2, wasted: 2 });
    expect(rescale(0.2, text)).toBeCloseTo((0.2 * 3) / 2.2, 12);
  });

  it('promises what is served exactly at the threshold too', () => {
    expect(JSON.parse(judged(1, [0.2, 0.199], []))).toMatchObject({ promised: 0.8, wasted: 0 });
  });

  it('lets an older answer weigh 0.99 of the next, and is at most 1', () => {
    // Thirty times two in vain, where half a fetch was promised.
    const answers = (1 - 0.99 ** 30) / 0.01;
    const text = judged(30, [0.5], ['/c', '/d']);
    expect(rescale(0.2, text)).toBeCloseTo((0.2 * (2 * answers + 1)) / (0.5 * answers + 1), 10);
    expect(rescale(0.5, text)).toBe(1);
  });

  it('is never lower than served, however little was wasted', () => {
    expect(rescale(0.4, judged(100, [0.3, 0.3, 0.3], ['/b']))).toBe(0.4);
  });

  it('recovers once what is fetched comes', () => {
    const failing = judged(100, [0.5], ['/c', '/d']);
    expect(rescale(0.2, failing)).toBeGreaterThan(0.7);
    expect(rescale(0.2, judged(200, [0.5], ['/b'], failing))).toBeCloseTo(0.2, 1);
    expect(rescale(0.2, judged(400, [0.5], ['/b'], failing))).toBe(0.2);
  });

  it('judges no answer that was given elsewhere or whose fetches are not told, and none twice', () => {
    const visit = { page: '/b', fetched: ['/c'], threshold: 0.2 };
    const offered = amend(NOTHING, (learnt) => {
      learnt.offer = { from: '/a', served: [0.5] };
    });
    const elsewhere = amend(offered, (learnt) => learn(learnt, '/other', visit));
    const untold = amend(elsewhere, (learnt) => learn(learnt, '/a', { page: '/b' }));
    expect(JSON.parse(untold)).toMatchObject({ promised: 0, wasted: 0 });
    const once = amend(untold, (learnt) => learn(learnt, '/a', visit));
    expect(JSON.parse(once)).toMatchObject({ promised: 0.5, wasted: 1 });
    expect(JSON.parse(amend(once, (learnt) => learn(learnt, '/a', visit)))).toMatchObject({ wasted: 1 });
  });

  it('keeps what was learnt where what was fetched is told as anything else than a list', () => {
    const text = amend(judged(3, [0.5], ['/c']), (learnt) => {
      learnt.offer = { from: '/a', served: [0.5] };
    });
    const junk: unknown[] = [7, '/c', {}, null, true];
    for (const fetched of junk) {
      const visit = { page: '/b', fetched, threshold: 'x' };
      const after = amend(text, (learnt) => Reflect.apply(learn, undefined, [learnt, '/a', visit]));
      const { counts, promised, wasted }: Learnt = JSON.parse(after);
      expect({ promised, wasted }).toEqual({
        promised: JSON.parse(text).promised,
        wasted: JSON.parse(text).wasted,
      });
      expect(counts['/a\n/b']).toBe(4);
    }
  });
});

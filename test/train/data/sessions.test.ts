import { countVocabulary } from '@pathcast/models/vocabulary';
import { sampleSessions } from '@pathcast/train/data/sample-site';
import { encodeSessions, vocabularyOf } from '@pathcast/train/data/sessions/encode';
import { Sessions } from '@pathcast/train/data/sessions/sessions';
import { removeUnseen, splitSessions } from '@pathcast/train/data/sessions/split';
import { rankMarkov } from '@pathcast/train/evaluate/baselines';
import { rankingOf } from '@pathcast/train/evaluate/ranking';
import { stepsOf } from '@pathcast/train/evaluate/steps';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataFile, needs } from '../../support/data.ts';
import { fileOf, read } from '../../support/dataset.ts';

const names = fc.array(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
});

describe('sessions in columns', () => {
  it('come back as they went in, whole, sliced or chosen', () => {
    fc.assert(
      fc.property(names, fc.nat(), fc.nat(), (lists, a, b) => {
        const sessions = Sessions.of(lists);
        expect([...sessions]).toEqual(lists);
        const [from = 0, to = 0] = [a % (lists.length + 1), b % (lists.length + 1)].sort((x, y) => x - y);
        expect([...sessions.slice(from, to)]).toEqual(lists.slice(from, to));
        const chosen = lists.map((_, i) => i).reverse();
        expect([...sessions.select(chosen)]).toEqual([...lists].reverse());
      }),
    );
  });

  it('give the vocabulary that counting their names gives, and its ids', () => {
    fc.assert(
      fc.property(names, fc.nat(), (lists, cut) => {
        const sessions = Sessions.of(lists).slice(0, 1 + (cut % lists.length));
        const vocabulary = vocabularyOf(sessions);
        expect(vocabulary.tokens).toEqual(countVocabulary([...sessions]).tokens);
        const encoded = encodeSessions(Sessions.of(lists), vocabulary);
        expect(Array.from(encoded, (session) => Array.from(session))).toEqual(
          lists.map((list) => list.map((page) => vocabulary.encode(page))),
        );
      }),
    );
  });
});

describe('a split', () => {
  const sessions = Sessions.of([
    ['a', 'x'],
    ['b', 'x'],
    ['c', 'x'],
    ['d', 'x'],
  ]);
  const firsts = (part: Sessions) => [...part].map(([first]) => first);
  const split = (share: number, kind: 'last' | 'random' = 'last', seed = 1) =>
    splitSessions(sessions, { split: kind, share, seed });

  it('holds the last sessions out, at least one on either side', () => {
    expect(firsts(split(0.5).held)).toEqual(['c', 'd']);
    expect(firsts(split(0.001).held)).toEqual(['d']);
    expect(firsts(split(0.999).train)).toEqual(['a']);
    expect(() => splitSessions(sessions.slice(0, 1), { split: 'last', share: 0.1, seed: 1 })).toThrow(
      'one session',
    );
  });

  it('holds random sessions out when asked, the same for a seed, each session on one side', () => {
    const { train, held } = split(0.5, 'random', 7);
    expect([...firsts(train), ...firsts(held)].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(firsts(split(0.5, 'random', 7).held)).toEqual(firsts(held));
    const many = Sessions.of(Array.from({ length: 40 }, (_, i) => [`p${i}`, 'x']));
    const all = [1, 2, 3].map((seed) =>
      firsts(splitSessions(many, { split: 'random', share: 0.5, seed }).held).join(),
    );
    expect(new Set(all).size).toBe(3);
  });

  it('holds the last day out where there are times', async () => {
    const day = 86_400;
    const starts = [0, day - 1, day, 2 * day - 1, 2 * day];
    const text = `session,page,time\n${starts.map((s, i) => `${i},p${i},${s}\n${i},q,${s + 5}\n`).join('')}`;
    const { columns } = await read(await fileOf(text));
    const { train, held } = splitSessions(columns, { split: 'last-day', share: 0.1, seed: 1 });
    // A session that began 24 hours before the last one is not of its day any more.
    expect([firsts(train), firsts(held)]).toEqual([
      ['p0', 'p1', 'p2'],
      ['p3', 'p4'],
    ]);
    const held2 = () => splitSessions(sessions, { split: 'last-day', share: 0.1, seed: 1 });
    expect(held2).toThrow('--split last-day: the data has no times');
    expect(() => splitSessions(held, { split: 'last-day', share: 0.1, seed: 1 })).toThrow(
      'no more than a day',
    );
  });

  it('takes pages that training did not see from what is held out, and counts them', () => {
    const held = Sessions.of([
      ['a', 'new', 'b'],
      ['new', 'a'],
      ['a', 'b', 'newer'],
    ]);
    const { sessions: rest, unseenEvents } = removeUnseen(held, (page) => !page.startsWith('new'));
    expect([...rest]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(unseenEvents).toBe(3);
  });
});

describe('the sample site', () => {
  it('is the same for a seed, and another for another', () => {
    const make = (seed: number) => sampleSessions({ sessions: 50, seed });
    expect(make(3)).toEqual(make(3));
    expect(make(3)).not.toEqual(make(4));
  });

  it('has a few hundred readable pages and sessions that can be learnt from', () => {
    const sessions = sampleSessions({ sessions: 6000, seed: 1 });
    const pages = new Set(sessions.flat());
    expect(pages.size).toBeGreaterThan(200);
    expect(pages.size).toBeLessThan(500);
    for (const page of pages) expect(page).toMatch(/^\/([a-z-]+(\/[a-z-]+)*)?$/);
    expect(sessions.every((session) => session.length >= 2)).toBe(true);
  });
});

const YOOCHOOSE = dataFile('rsc15-100k/train.tsv.gz');
describe('YooChoose 100k', () => {
  it.skipIf(!YOOCHOOSE)(
    needs('has the published sessions, and Markov’s figures', 'rsc15-100k/train.tsv.gz'),
    async () => {
      const train = await read(YOOCHOOSE ?? '');
      const test = await read(dataFile('rsc15-100k/test.tsv.gz') ?? '');
      expect(train.sessions).toHaveLength(17_794);
      expect(train.columns.events.length).toBe(70_278);
      expect(test.sessions).toHaveLength(3_416);
      expect(test.columns.events.length).toBe(13_568);
      const vocabulary = vocabularyOf(train.columns);
      expect(vocabulary.tokens).toHaveLength(2_933);
      const encoded = encodeSessions(test.columns, vocabulary);
      const known = encodeSessions(train.columns, vocabulary);
      const markov = rankingOf(rankMarkov(known, stepsOf(encoded), vocabulary.size));
      expect(markov.recallAt20).toBeCloseTo(0.563, 3);
      expect(markov.mrrAt20).toBeCloseTo(0.328, 3);
    },
  );
});

const DIGINETICA = dataFile('diginetica/train.txt.gz');
describe('Diginetica', () => {
  it.skipIf(!DIGINETICA)(
    needs('has the published sessions, and Markov’s figures', 'diginetica/train.txt.gz'),
    async () => {
      const train = await read(DIGINETICA ?? '');
      const test = await read(dataFile('diginetica/test.txt.gz') ?? '');
      expect([train.sessions.length, train.columns.events.length]).toEqual([186_670, 906_140]);
      expect([test.sessions.length, test.columns.events.length]).toEqual([15_963, 76_821]);
      const vocabulary = vocabularyOf(train.columns);
      expect(vocabulary.tokens).toHaveLength(43_097);
      const steps = stepsOf(encodeSessions(test.columns, vocabulary));
      expect(steps).toHaveLength(60_858);
      const known = encodeSessions(train.columns, vocabulary);
      const markov = rankingOf(rankMarkov(known, steps, vocabulary.size));
      expect(markov.recallAt20).toBeCloseTo(0.307, 3);
      expect(markov.mrrAt20).toBeCloseTo(0.1075, 3);
    },
  );
});

import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL_PAGES, fileOf, read } from '../../support/dataset.ts';
import { type Shape, sessionsInNode } from '../../support/in-node.ts';
import { seededRandom } from '../../support/models.ts';

const LINES = 120_000;
const NOISE = [
  '"',
  "'",
  ',',
  '\t',
  ' ',
  '\\',
  ';',
  '|',
  '[',
  ']',
  '{',
  '}',
  '\0',
  '\x01',
  '-',
  '\u00e9',
  '\u{1f600}',
  '%',
  '?',
  '=',
];

/** Bytes of noise, half of them no UTF-8, none of them a line break. */
function noise(random: () => number): Uint8Array {
  const pieces = Array.from({ length: Math.floor(random() * 30) }, () => {
    if (random() < 0.02) return Buffer.from([0x80 + Math.floor(random() * 0x80)]);
    if (random() < 0.5) return Buffer.from(NOISE[Math.floor(random() * NOISE.length)] ?? '');
    return Buffer.from(String.fromCharCode(0x21 + Math.floor(random() * 90)));
  });
  return Buffer.concat(pieces);
}

/** Changes a byte here and there, but for line breaks. */
function damaged(line: string, random: () => number): Uint8Array {
  const bytes = Buffer.from(line);
  for (let i = 0; i < bytes.length; i++) {
    if (random() < 0.02) bytes[i] = (NOISE[Math.floor(random() * 10)] ?? ' ').charCodeAt(0);
  }
  return bytes;
}

const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Googlebot/2.1 (+http://www.google.com/bot.html)',
  '-',
];
const PATHS = [
  '/',
  '/a',
  '/a/',
  '/b?utm_source=x',
  '/c.png',
  '/feed/',
  '/d/index.html',
  '/user/jane@mail.example',
  '/b#top',
  '/e/9f86d081884c7d65',
];

function goodLine(shape: Shape, i: number, random: () => number): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T; // never empty
  const visitor = Math.floor(random() * 300);
  if (shape === 'csv') {
    const page = random() < 0.1 ? `"/q ""${i % 7}"", x"` : pick(PATHS);
    return `s${visitor},${page},${1_772_528_400 + Math.floor(random() * 1e5)}`;
  }
  const hour = String(Math.floor(i / 5000)).padStart(2, '0');
  const minute = String(Math.floor(random() * 60)).padStart(2, '0');
  const method = random() < 0.95 ? 'GET' : 'POST';
  const status = pick([200, 200, 200, 304, 301, 404, 206]);
  return `10.0.0.${visitor % 200} - - [03/Mar/2026:${hour}:${minute}:07 +0100] "${method} ${pick(PATHS)} HTTP/1.1" ${status} 512 "-" "${pick(AGENTS)}"`;
}

function fuzzed(shape: Shape, seed: number): Buffer {
  const random = seededRandom(seed);
  const lines: Uint8Array[] = [
    Buffer.from(shape === 'csv' ? 'session,page,time' : goodLine(shape, 0, random)),
  ];
  while (lines.length < LINES / 2) {
    const kind = random();
    if (kind < 0.8) lines.push(Buffer.from(goodLine(shape, lines.length, random)));
    else if (kind < 0.9) lines.push(damaged(goodLine(shape, lines.length, random), random));
    else if (kind < 0.99) lines.push(noise(random));
    else lines.push(Buffer.alloc(0));
  }
  return Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
}

describe.each(['csv', 'log'] as const)(`${LINES / 2} lines of %s, good, damaged and noise,`, (shape) => {
  const bytes = fuzzed(shape, 11);

  it('give the sessions and the counts that an implementation in plain Node gives', async () => {
    const path = await fileOf(bytes);
    const { sessions, report } = await read(path, { maxBad: 100 });
    const expected = await sessionsInNode(path, shape);
    const { kept, ...others } = expected.lines;
    expect({ ...report.rows.bad, ...report.rows.dropped }).toEqual(others);
    expect(report.rows.kept).toBe(kept);
    expect(sessions).toEqual(expected.sessions);
    expect(sessions.length).toBeGreaterThan(100);
  });

  it('lose none: every line that is not blank is kept, left out by a rule, or bad', async () => {
    const { report } = await read(await fileOf(bytes), { ...ALL_PAGES, maxBad: 100 });
    const text = bytes.toString('latin1').slice(0, -1);
    const blank = text.split('\n').filter((line) => /^[ \t]*$/.test(line)).length;
    const header = shape === 'csv' ? 1 : 0;
    expect(report.rows.read).toBe(LINES / 2 - blank - header);
  });
});

describe('a table of any text', () => {
  /** Quotes a field as RFC 4180 has it. */
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const word = fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .filter(
      (text) =>
        !/[\r\n\0\ufeff\u0085\u2028\u2029]/.test(text) &&
        text.trim() === text &&
        text !== '' &&
        !/@|%40|\//.test(text),
    );

  it('comes back field by field, whatever is quoted in it', async () => {
    const lists = fc.array(fc.array(word, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(lists, fc.constantFrom(',', ';', '\t'), async (expected, delimiter) => {
        const rows = expected.flatMap((session, s) =>
          session.map((page, i) => [quoted(`s${s}`), quoted(page), String(i)].join(delimiter)),
        );
        const text = `${['session', 'item', 'time'].join(delimiter)}\n${rows.join('\n')}\n`;
        const { sessions, report } = await read(await fileOf(text));
        expect(report.rows.bad).toEqual({});
        expect([...sessions].sort()).toEqual([...expected].sort());
      }),
      { numRuns: 40 },
    );
  });

  it('comes back from JSON lines as it went in', async () => {
    const pages = fc.array(fc.array(word, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(pages, async (expected) => {
        const rows = expected.flatMap((session, s) =>
          session.map((item, i) => JSON.stringify({ session: s, item, time: i })),
        );
        const { sessions } = await read(await fileOf(`${rows.join('\n')}\n`));
        expect([...sessions].sort()).toEqual([...expected].sort());
      }),
      { numRuns: 20 },
    );
  });
});

describe('sessions a line', () => {
  it('come back whole, whatever their pages are', async () => {
    const page = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !/[\s\ufeff\0@]|%40/u.test(text));
    const lists = fc.array(fc.array(page, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(lists, async (expected) => {
        const path = await fileOf(expected.map((session) => session.join(' ')).join('\n'));
        expect((await read(path, { format: 'sessions' })).sessions).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

describe('data of no shape at all', () => {
  it('is read or refused in a sentence, never worse', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const bytes = Buffer.concat(
        Array.from({ length: 1 + Math.floor(random() * 30) }, () =>
          Buffer.concat([noise(random), Buffer.from('\n')]),
        ),
      );
      const outcome = await read(await fileOf(bytes, 'noise'), { maxBad: 100 }).catch(
        (error: Error) => error.name,
      );
      expect(typeof outcome === 'string' ? outcome : 'read').toMatch(/^(read|UserError)$/);
    }
  });
});

describe('the oracle', () => {
  it('cuts a log as the fixture was cut by hand', async () => {
    const { lines } = await sessionsInNode(
      join(import.meta.dirname, '../../fixtures/data/combined.log'),
      'log',
    );
    expect(lines).toEqual({ kept: 8, asset: 1, bot: 1, redirect: 1, method: 1, error: 1, feed: 1 });
  });
});

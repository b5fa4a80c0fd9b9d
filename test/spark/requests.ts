import { createRandom, type Random } from '@pathcast/train/random';

/** One row of the table of requests. */
export interface Request {
  readonly visitor: bigint;
  readonly page: string;
  readonly seconds: number;
  readonly position: bigint;
}

/** A page, and the seconds since the request before it. */
interface Step {
  readonly page: string;
  readonly silence: number;
}

const GAP = 1800;
/** 2 ** -22 s is the least that a double of this size can tell apart, so that every sum below is exact. */
const EPOCH = 1_700_000_000;
const SILENCES = [0, 0, 0.25, 1, 1.5, GAP - 0.125, GAP, GAP, GAP + 2 ** -22, GAP + 0.125, 86_400];

/** Pages that engines may mix up, split or sort differently. */
const ODD_PAGES = [
  '',
  ' ',
  '/',
  '/straße',
  '/strasse',
  '/STRASSE',
  '/caf\u00e9',
  '/cafe\u0301',
  '/a b',
  '/a b ',
  "/it's",
  '/a;b--c',
  '/頁',
  '/😀',
  '/\u{10ffff}',
];
const PAGES = [...ODD_PAGES, ...Array.from({ length: 400 }, (_, i) => `/page/${i}`)];

/** Visits that leave a rare page where its support matters. */
const RARE_VISITS: ReadonlyArray<(rare: string, a: string, b: string) => string[]> = [
  (rare, a) => [a, rare, a], // `a` meets itself once `rare` has left
  (rare) => [rare],
  (rare, a, b) => [a, rare, rare, b], // two requests, folded into one before they are counted
  (rare, a, b) => [a, rare, b, rare], // twice as many requests as visits
  (rare, a, b) => [a, rare, b, rare, a, rare, b, rare, a, rare], // five requests in one visit
];

/**
 * Some 200,000 requests, nasty on purpose: equal seconds, silences of exactly the gap and of the least more, repeats
 * within and across visits, pages of exactly 4 and 5 visits, single requests, visitors with thousands of them.
 *
 * @returns rows by position, which is not the order of their seconds. One seed, one table.
 */
export function createRequests(seed: number): Request[] {
  const random = createRandom(seed);
  const visitors = [
    ...repeated(2000, () => browsing(random, 1)),
    ...repeated(3000, () => browsing(random, 1 + Math.floor(random.next() * 80))),
    ...repeated(5, () => browsing(random, 11_000)),
    ...repeated(1000, (index) => rareVisits(random, index)),
  ];
  const requests = visitors.flatMap((steps, index) => timed(steps, index, random));
  random.shuffle(requests);
  return requests.map((request, index) => ({ ...request, position: 2n ** 40n + 3n * BigInt(index) }));
}

function repeated<T>(count: number, create: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => create(index));
}

function browsing(random: Random, count: number): Step[] {
  let page = popularPage(random);
  return repeated(count, () => {
    if (random.next() > 0.25) page = popularPage(random);
    return { page, silence: random.next() < 0.7 ? random.next() * 100 : pick(random, SILENCES) };
  });
}

/** Every visit that one rare page has: 4 or 5, of one visitor. */
function rareVisits(random: Random, index: number): Step[] {
  const [a, b, rare] = [popularPage(random), popularPage(random), `/rare/${index}`];
  const visit = RARE_VISITS[index % RARE_VISITS.length] ?? (() => []);
  const visits = 4 + (Math.floor(index / RARE_VISITS.length) % 2);
  return repeated(visits, () => visit(rare, a, b)).flatMap((pages) =>
    pages.map((page, step) => ({ page, silence: silenceBefore(step, pages) })),
  );
}

/** Two gaps before a visit, a minute before a page; a repeat comes at the last moment that still belongs. */
function silenceBefore(step: number, pages: readonly string[]): number {
  if (step === 0) return 2 * GAP;
  return pages[step] === pages[step - 1] ? GAP : 60;
}

function timed(steps: readonly Step[], index: number, random: Random): Omit<Request, 'position'>[] {
  // Odd, so that no two visitors share a number; negative ones and ones beyond 2 ** 53 among them.
  const visitor = BigInt.asIntN(64, BigInt(index + 1) * 0x9e3779b97f4a7c15n);
  let seconds = EPOCH + Math.floor(random.next() * 1e6);
  return steps.map(({ page, silence }) => {
    seconds += silence;
    return { visitor, page, seconds };
  });
}

/** Squared, so that some pages are popular and others rare. */
function popularPage(random: Random): string {
  return PAGES[Math.floor(random.next() ** 2 * PAGES.length)] ?? '/';
}

function pick(random: Random, items: readonly number[]): number {
  return items[Math.floor(random.next() * items.length)] ?? 0;
}

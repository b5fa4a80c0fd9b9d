import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A seeded stream of random numbers: one seed, one run. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** From N(0, 1), by Box–Muller. */
  normal(): number;
  /** Uniform among the whole numbers of 32 bits, from −2³¹: the cheapest draw. */
  integer(): number;
  /** Shuffles in place, by Fisher–Yates. */
  shuffle<T>(items: T[]): void;
}

/**
 * Makes one seed of several numbers, such as a run's seed, an epoch and a step: every step draws from a stream of its own,
 * so that a run goes on from anywhere with nothing but its place. Nearby numbers give unrelated seeds.
 * @see MurmurHash3's finaliser, by Austin Appleby.
 */
export function mixSeed(...numbers: readonly number[]): number {
  let hash = 0x9747b28c;
  for (const number of numbers) {
    hash = Math.imul(hash ^ number, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  const next = () => uniformFloat64(generator);
  return {
    next,
    integer: () => generator.next(),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        const moved = items[i] as (typeof items)[number]; // i and j are within the array
        items[i] = items[j] as (typeof items)[number];
        items[j] = moved;
      }
    },
  };
}

import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A seeded stream of random numbers: one seed, one run. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** From N(0, 1), by Box–Muller. */
  normal(): number;
  /** Shuffles in place, by Fisher–Yates. */
  shuffle<T>(items: T[]): void;
}

export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  const next = () => uniformFloat64(generator);
  return {
    next,
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

import type { Pack } from '../pack/pack.ts';
import { Mixer } from './mixture.ts';
import { PlainScorer } from './plain-scorer.ts';
import type { Scorer } from './scorer.ts';

/** What runs the parts of a pack. */
export interface Engine {
  /** Runs the recurrent model. */
  readonly scorer: Scorer;
  /** Runs rules and neighbours, and mixes them in; undefined where the recurrent model answers alone. */
  readonly mixer: Mixer | undefined;
}

/** Everything in plain TypeScript: the reference for the kernel, and what runs where that does not. */
export function plainEngine(pack: Pack): Engine {
  return { scorer: new PlainScorer(pack), mixer: pack.mixture && new Mixer(pack.mixture, pack.counts) };
}

/** How much a part of the bench does. */
export interface Effort {
  /** Turns that count, and steps timed in each. */
  readonly turns: number;
  readonly steps: number;
  /** Batches of 128 that the plain tfjs model is given a turn: it needs seconds for each. */
  readonly layersBatches: number;
  /** The catalogues whose steps are compared, and the sessions generated over each. */
  readonly pages: { readonly few: number; readonly many: number };
  readonly sessions: number;
}

const WHOLE: Effort = {
  turns: 5,
  steps: 150,
  layersBatches: 2,
  pages: { few: 50_000, many: 1_000_000 },
  sessions: 40_000,
};

const TINY: Effort = {
  turns: 1,
  steps: 10,
  layersBatches: 1,
  pages: { few: 500, many: 10_000 },
  sessions: 4000,
};

/** `PATHCAST_BENCH=tiny` shows in a minute that the bench runs; its figures mean nothing. */
export const EFFORT = process.env.PATHCAST_BENCH === 'tiny' ? TINY : WHOLE;

import type { NextOptions, NextPages } from './types.ts';

/** A page that was opened, and what led there. */
export interface ObservedVisit {
  readonly history: readonly string[];
  readonly page: string;
  /** Pages that were fetched ahead at the last of the history. */
  readonly fetched?: readonly string[] | undefined;
  /** The one on served probabilities by which they were chosen. */
  readonly threshold?: number | undefined;
}

/** What a visitor's own device has learnt, mixed into what the server predicts. */
export interface PersonalModel {
  /** As a client's `next`, with the visitor's own transitions mixed in. Storage that fails never rejects it. */
  next(options: NextOptions): Promise<NextPages>;
  /**
   * Learns that the visitor opened `page` after `history` (oldest first, without `page`). Where pages were fetched ahead, or
   * might have been, also how many in vain: that needs `fetched` and `threshold`. Never rejects.
   */
  observe(visit: ObservedVisit): Promise<void>;
  /** A threshold on the server's calibrated probabilities → the one on mixed ones, by the waste seen on this device; 0 to 1. */
  threshold(served: number): number;
  /** Erases everything that was learnt on this device. */
  forget(): Promise<void>;
}

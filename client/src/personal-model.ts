import type { NextOptions, NextPages } from './types.ts';

/** What a visitor's own device has learnt, mixed into what the server predicts. */
export interface PersonalModel {
  /** As a client's `next`, with the visitor's own transitions mixed in. Storage that fails never rejects it. */
  next(options: NextOptions): Promise<NextPages>;
  /** Learns that the visitor opened `page` after `history` (oldest first, without `page`). Never rejects. */
  observe(visit: { readonly history: readonly string[]; readonly page: string }): Promise<void>;
  /** A threshold on the server's calibrated probabilities → the one on mixed ones, by the hit rate seen on this device; 0 to 1. */
  threshold(served: number): number;
  /** Erases everything that was learnt on this device. */
  forget(): Promise<void>;
}

import type { Pack } from '../pack/pack.ts';
import type { PackHome } from './kernel.ts';
import { PlainScorer } from './plain-scorer.ts';
import type { Scorer } from './scorer.ts';

/** A pack in plain memory, run in TypeScript: for runtimes without WebAssembly's SIMD. */
export class PlainHome implements PackHome {
  readonly bytes: Uint8Array<ArrayBuffer>;

  /** @param packBytes the pack's length. */
  constructor(packBytes: number) {
    this.bytes = new Uint8Array(packBytes);
  }

  get byteLength(): number {
    return this.bytes.length;
  }

  scorer(pack: Pack): Scorer {
    return new PlainScorer(pack);
  }
}

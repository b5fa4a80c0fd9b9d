import type { Pack } from '../pack/pack.ts';
import { type Engine, plainEngine } from './engine.ts';
import type { PackHome } from './kernel.ts';

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

  engine(pack: Pack): Engine {
    return plainEngine(pack);
  }
}

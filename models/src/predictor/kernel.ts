import type { Pack } from '../pack/pack.ts';
import type { ModelSpec } from '../spec.ts';
import type { Engine } from './engine.ts';
import type { KernelExports } from './kernel-exports.ts';
import { KernelMixer } from './kernel-mixer.ts';
import { KernelScorer } from './kernel-scorer.ts';
import { layOut, scratchBytes } from './layout.ts';

/** A page of WebAssembly memory. */
const PAGE = 65_536;
/** The pack's place, behind the kernel's own constants. */
const START = 1024;

/** Where a pack lies while it predicts, and what runs it there. */
export interface PackHome {
  /** The pack's place, to be filled. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of memory that it takes, the pack's among them. */
  readonly byteLength: number;
  /**
   * What runs the pack. Its scoring rows are read here, its last rows when they are needed.
   * @param pack opened over `bytes`.
   */
  engine(pack: Pack): Engine;
}

/**
 * A kernel with a memory of its own, as large as one pack needs: WebAssembly memory never shrinks, and so goes with its pack.
 *
 * Fill `bytes` with the pack, open it as views over them, and make its engine: the pack is never there twice.
 */
export class Kernel implements PackHome {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #memory: WebAssembly.Memory;
  readonly #module: WebAssembly.Module;

  /**
   * @param module `kernel/kernel.ts`, compiled.
   * @param packBytes the pack's length.
   * @param spec the model's.
   * @throws RangeError or TypeError when there is not, or can never be, as much memory.
   */
  constructor(module: WebAssembly.Module, packBytes: number, spec: ModelSpec) {
    const pages = Kernel.bytesFor(packBytes, spec) / PAGE;
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.#module = module;
    this.bytes = new Uint8Array(this.#memory.buffer, START, packBytes);
  }

  /** Bytes of memory that a pack takes in a kernel. */
  static bytesFor(packBytes: number, spec: ModelSpec): number {
    return Math.ceil((START + packBytes + scratchBytes(spec)) / PAGE) * PAGE;
  }

  get byteLength(): number {
    return this.#memory.buffer.byteLength;
  }

  /**
   * @param pack opened over `bytes`.
   * @throws RangeError when the pack lies elsewhere, or its spec needs more memory than was reserved.
   */
  engine(pack: Pack): Engine {
    const end = START + this.bytes.length;
    if (pack.output.rows.buffer !== this.#memory.buffer)
      throw new RangeError('the pack is in another memory');
    if (end + scratchBytes(pack.spec) > this.byteLength)
      throw new RangeError('the pack needs more memory than was reserved for its spec');
    const env = { memory: this.#memory, abort: () => {} };
    const { exports } = new WebAssembly.Instance(this.#module, { env });
    const kernel = exports as unknown as KernelExports;
    if (kernel.dataEnd() > START) throw new RangeError('the kernel’s constants reach into the pack');
    const places = layOut(pack.spec, end);
    const { mixture, counts } = pack;
    return {
      scorer: new KernelScorer(kernel, pack, places),
      mixer: mixture && places.parts && new KernelMixer(kernel, mixture, counts, places.parts),
    };
  }
}

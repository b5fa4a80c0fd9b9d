export type BackendName = 'cuda' | 'native' | 'wasm';

/** What a backend asks of training. Plain data: it crosses threads. */
export interface BackendTraits {
  /** Where tables and optimiser are while a fit goes on. */
  readonly tables: 'host' | 'device';
  /** Steps from one reading of losses to the next. */
  readonly readEvery: number;
  /** Logits that the softmax holds at a time. */
  readonly logitsAtOnce: number;
}

/** The host's memory is the backend's: copying a step's rows costs little, and logits should stay in the cache. */
const ON_CPU: BackendTraits = { tables: 'host', readEvery: 1, logitsAtOnce: 1 << 20 };

/**
 * The batch is no matter of the backend: what a step learns from is the recipe's choice, and the same everywhere, so that
 * the same seed comes to the same model.
 */
export const TRAITS: Record<BackendName, BackendTraits> = {
  wasm: ON_CPU,
  native: ON_CPU,
  cuda: {
    tables: 'device', // a step's rows and gradients would cross the bus both ways
    readEvery: 32, // each reading waits until the device has done all that was asked of it
    logitsAtOnce: 1 << 26, // 256 MiB: a kernel for many rows costs as much to start as one for few
  },
};

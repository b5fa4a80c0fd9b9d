import type { Pointer } from '@pathcast/models/artifacts';
import { Kernel } from '@pathcast/models/predictor/kernel';
import { ProblemError } from '../problem.ts';
import { type Candidate, checkCandidate, loadCandidate, readCandidate, readPointer } from './load-model.ts';
import type { Holder, MemoryBudget } from './memory-budget.ts';
import { unavailable } from './objects.ts';
import type { ModelState, ServedModel } from './store.ts';

/** A pointer is read again after this: how long a publication takes to reach a warm Worker. */
const RECHECK_MS = 30_000;
/** With nothing to serve, the next try comes sooner; not at once, since a broken pack may be large. */
const RETRY_MS = 5_000;

/** What the slots of a store share. */
export interface SlotOptions {
  readonly bucket: R2Bucket;
  readonly kernel: WebAssembly.Module | undefined;
  readonly budget: MemoryBudget;
  readonly now: () => number;
  readonly keepAlive: (work: Promise<unknown>) => void;
}

/**
 * One model: the version that answers, and its replacement by the one that the pointer names.
 *
 * The pointer is checked beside requests, not before them. A new version that fits beside the old one is loaded first and takes
 * its place whole. One that does not is checked first, as far as that goes without memory; then the old one is let go of,
 * requests wait for one load, and if that fails the old version is loaded again.
 */
export class ModelSlot implements Holder {
  readonly #name: string;
  readonly #options: SlotOptions;
  #served: ServedModel | null = null;
  /** What the pointer named and was found to be good. */
  #published: Pointer | null = null;
  #failure: ModelState['failure'] = null;
  #isWithdrawn = false;
  /** When the pointer is to be read again. */
  #due = Number.NEGATIVE_INFINITY;
  #working: Promise<void> | undefined;
  lastUsed = 0;

  constructor(name: string, options: SlotOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** The state, loaded if it can be. @throws ProblemError `unknown-model`. */
  async state(): Promise<ModelState> {
    this.lastUsed = this.#options.now();
    if (!this.#served) {
      await this.#working; // a check, or a load
      const hasFailed = () => this.#failure !== null && !this.#isDue;
      while (!this.#served && !hasFailed()) {
        await this.#work(true); // again when that was another's check
        if (this.#isWithdrawn) break;
      }
    } else if (this.#isDue) {
      this.#options.keepAlive(this.#work(true));
    }
    return this.#state();
  }

  /** The state, as far as it can be told without loading. @throws ProblemError `unknown-model`. */
  async peek(): Promise<ModelState> {
    if (this.#isDue) {
      const work = this.#work(this.#served !== null);
      if (this.#served) this.#options.keepAlive(work);
      else await work;
    }
    return this.#state();
  }

  release(): boolean {
    if (this.#working) return false;
    this.#served = null;
    return true;
  }

  get #isDue(): boolean {
    return this.#options.now() >= this.#due;
  }

  #state(): ModelState {
    if (this.#isWithdrawn) {
      throw new ProblemError('unknown-model', `model: there is no model "${this.#name}"`);
    }
    const answering = this.#served ?? this.#published;
    return {
      name: this.#name,
      version: answering?.version ?? null,
      manifestDigest: answering?.manifestDigest ?? null,
      served: this.#served,
      failure: this.#failure,
    };
  }

  /** Reads the pointer and does what it asks for; once at a time. Never rejects. */
  #work(isLoading: boolean): Promise<void> {
    if (!this.#working) {
      this.#working = this.#refresh(isLoading).finally(() => {
        this.#working = undefined;
      });
      this.#options.keepAlive(this.#working); // whoever else waits for it needs it too
    }
    return this.#working;
  }

  async #refresh(isLoading: boolean): Promise<void> {
    const { bucket, now } = this.#options;
    let version: string | null = null;
    try {
      const pointer = await readPointer(bucket, this.#name);
      this.#isWithdrawn = !pointer;
      if (!pointer) return;
      version = pointer.version;
      if (!isSame(this.#served, pointer)) {
        const candidate = await readCandidate(bucket, this.#name, pointer);
        if (isLoading) await this.#replace(candidate);
        else await checkCandidate(bucket, candidate);
      }
      this.#published = pointer;
      this.#failure = null;
    } catch (error) {
      if (!(error instanceof ProblemError)) console.error(error);
      this.#published = null;
      const reason = error instanceof ProblemError ? error.detail : 'it could not be loaded';
      this.#failure = { version, reason };
    } finally {
      this.#due = now() + (this.#failure && !this.#served ? RETRY_MS : RECHECK_MS);
    }
  }

  async #replace(candidate: Candidate): Promise<void> {
    const { bucket, budget } = this.#options;
    const bytes = Kernel.bytesFor(candidate.pack.bytes, candidate.manifest.spec);
    if (bytes > budget.bytes) {
      throw unavailable(
        `${candidate.pack.path} needs ${inMb(bytes)} MB of memory; all models together may take ${inMb(budget.bytes)}`,
      );
    }
    const old = this.#served;
    if (budget.take(this, bytes)) {
      try {
        this.#served = await this.#load(candidate);
      } finally {
        budget.keep(this, this.#served?.byteLength ?? 0);
      }
      return;
    }
    if (!old) throw unavailable('other models are being loaded, and leave no memory for this one');
    await checkCandidate(bucket, candidate);
    this.#served = null;
    budget.keep(this, 0);
    try {
      await this.#loadAlone(candidate, bytes);
    } catch (error) {
      const { name, version, manifestDigest } = old;
      await this.#loadAlone(await readCandidate(bucket, name, { version, manifestDigest }), old.byteLength);
      throw error;
    }
  }

  async #loadAlone(candidate: Candidate, bytes: number): Promise<void> {
    const { budget } = this.#options;
    if (!budget.take(this, bytes)) throw unavailable('other models took the memory that it needs');
    try {
      this.#served = await this.#load(candidate);
    } finally {
      budget.keep(this, this.#served?.byteLength ?? 0);
    }
  }

  #load(candidate: Candidate): Promise<ServedModel> {
    const { bucket, kernel, keepAlive } = this.#options;
    return loadCandidate(bucket, candidate, { kernel, keepAlive });
  }
}

function isSame(served: ServedModel | null, { version, manifestDigest }: Pointer): boolean {
  return served?.version === version && served.manifestDigest === manifestDigest;
}

function inMb(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}

import { rm } from 'node:fs/promises';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../fit/checkpoint.ts';
import type { TrainingState } from '../fit/state.ts';
import { type Deferral, deferInterrupts } from '../interrupt.ts';
import { StoppedError, UserError } from '../user-error.ts';
import { parseRunPlace, plainPlace, type RunPlace } from './run-place.ts';

/** Keeps a run from being lost: saves it now and then, and when it is told to stop. */
export class Keeper {
  readonly #path: string;
  readonly #of: RunPlace['of'];
  readonly #everyMs: number;
  readonly #deferral: Deferral;
  #savedAt = Date.now();
  #complained = false;

  /**
   * @param options.path of the checkpoint.
   * @param options.of what the run is of: no other run goes on from its checkpoint.
   * @param options.everyMs between two of them.
   */
  constructor({ path, of, everyMs }: { path: string; of: RunPlace['of']; everyMs: number }) {
    this.#path = path;
    this.#of = of;
    this.#everyMs = everyMs;
    this.#deferral = deferInterrupts();
  }

  /**
   * Opens the checkpoint of a run like this one.
   * @returns undefined when there is none.
   * @throws UserError when it is of other data or options, or damaged.
   */
  async open(): Promise<{ place: RunPlace; checkpoint: Checkpoint } | undefined> {
    const checkpoint = await readCheckpoint(this.#path);
    if (!checkpoint) return undefined;
    const place = parseRunPlace(checkpoint.place);
    if (!place) throw new UserError(`${this.#path}: not a place of this version; train without --resume`);
    for (const what of ['data', 'options'] as const) {
      if (place.of[what] !== this.#of[what]) {
        throw new UserError(
          `--resume: the stopped run had other ${what}; train without --resume to begin anew`,
        );
      }
    }
    return { place, checkpoint };
  }

  /** Whether the run should rest and be saved at this step. */
  isDue(): boolean {
    return this.#deferral.exitCode() !== undefined || Date.now() - this.#savedAt >= this.#everyMs;
  }

  /**
   * Saves the run at rest. A full disk does not end it: the earlier checkpoint is still there, and the run goes on.
   * @throws UserError once the user has asked to stop.
   */
  async save(state: TrainingState, place: Omit<RunPlace, 'of'>): Promise<void> {
    const exitCode = this.#deferral.exitCode();
    const error = await writeCheckpoint(this.#path, state, plainPlace({ of: this.#of, ...place })).then(
      () => undefined,
      (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason))),
    );
    this.#savedAt = Date.now();
    if (error && !this.#complained) {
      process.stderr.write(`  the run goes on without a new checkpoint: ${error.message}\n`);
      this.#complained = true;
    }
    if (exitCode === undefined) return;
    const advice = error
      ? 'what came after the earlier checkpoint is lost'
      : 'the same command with --resume goes on from here';
    throw new StoppedError(`stopped; ${advice}`, exitCode);
  }

  /** The run is over: its checkpoint goes. */
  async discard(): Promise<void> {
    this.#deferral.end();
    await rm(this.#path, { force: true });
  }
}

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelSpec } from '@pathcast/models/spec';
import type { Backend } from '../backends/backend.ts';
import { showProgress } from '../cli/progress.ts';
import type { Steps } from '../evaluate/steps.ts';
import { readCheckpoint, writeCheckpoint } from '../fit/checkpoint.ts';
import { epochsOf, type FitPlace, fit, startOf } from '../fit/fit.ts';
import { STREAM } from '../recipes/choose.ts';
import { type SetUp, setUp } from '../recipes/learn.ts';
import { type SettledOptions, specOf } from '../recipes/navigation-options.ts';
import type { Subject } from '../recipes/subject.ts';
import { StoppedError, UserError } from '../user-error.ts';
import type { Clock } from './clock.ts';
import { type Rating, rate } from './rate.ts';
import type { Settings } from './settings.ts';

/** What all trials of a search have in common. */
export interface Ground {
  readonly subject: Subject;
  readonly backend: Backend;
  /** The held-out steps that rate them. */
  readonly steps: Steps;
  /** The options of the defaults. */
  readonly options: SettledOptions;
  /** Where trials rest. */
  readonly folder: string;
  readonly clock: Clock;
}

/**
 * One choice of settings, fitted exactly as `navigation` fits in order to choose. Between its turns it rests on disk,
 * optimiser and all: memory holds one trial at a time.
 */
export class Trial {
  /** 0 for the defaults. */
  readonly number: number;
  readonly settings: Settings;
  /** One an epoch. */
  readonly ratings: Rating[] = [];
  /** Seconds that the latest epoch took, its rating included. */
  epochSeconds = 0;
  /** Why it is out, if it is. */
  failure: string | undefined;
  readonly #ground: Ground;
  readonly #options: SettledOptions;
  readonly #path: string;
  #epochs: number;
  #place: FitPlace;

  /** @param options.epochs in all, the last two of which cool down. */
  constructor(
    ground: Ground,
    { number, settings, epochs }: { number: number; settings: Settings; epochs: number },
  ) {
    this.number = number;
    this.settings = settings;
    this.#ground = ground;
    this.#options = { ...ground.options, ...settings };
    this.#path = join(ground.folder, `${number}.safetensors`);
    this.#epochs = epochs;
    this.#place = startOf(epochs);
  }

  /** Whether it has had all of its epochs. */
  get isDone(): boolean {
    return this.ratings.length >= epochsOf(this.#place, this.#epochs);
  }

  /** Epochs in all. */
  get epochs(): number {
    return this.#epochs;
  }

  /** No more than before, and not once the cooling has begun. */
  set epochs(epochs: number) {
    const steadyEpochs = Math.min(this.#place.steadyEpochs, startOf(epochs).steadyEpochs);
    this.#epochs = epochs;
    this.#place = { ...this.#place, steadyEpochs };
  }

  /**
   * Goes on for an epoch at least, and to `epoch` where time allows. Settings that cannot be trained are out; the
   * defaults' failure is the search's.
   * @throws StoppedError when the user stops it: whole epochs still count.
   */
  async advance(epoch: number): Promise<void> {
    try {
      await this.#advance(epoch);
    } catch (error) {
      if (this.number === 0 || !(error instanceof UserError) || error instanceof StoppedError) throw error;
      this.failure = error.message;
    }
  }

  /** Its weights are not needed any more. */
  async retire(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #advance(epoch: number): Promise<void> {
    const { subject, backend, clock } = this.#ground;
    const spec = specOf(this.#options, subject.vocabulary);
    const lesson = { ...subject, spec, backend, epochs: this.#epochs, stream: STREAM.choosing };
    const set = await setUp(lesson, this.#options, await readCheckpoint(this.#path));
    try {
      do await this.#fitEpoch(spec, set);
      while (!this.isDone && this.ratings.length < epoch && !clock.isOver());
      await writeCheckpoint(this.#path, set.state, null);
    } finally {
      await set.crew.close();
    }
  }

  async #fitEpoch(spec: ModelSpec, { state, windows, crew }: SetUp): Promise<void> {
    const { steps, clock } = this.#ground;
    const { learningRate, patience } = this.#options;
    const progress = showProgress({ events: windows.countScored(), epochs: this.#epochs });
    const started = performance.now();
    try {
      this.#place = await fit(
        crew,
        {
          learningRate,
          patience,
          epochs: this.ratings.length + 1,
          validate: async () => {
            const rating = await rate({ spec, weights: state.weights }, steps);
            this.ratings.push(rating);
            return rating;
          },
          onStep: (step) => progress.step(step),
          isDue: () => clock.isStopped(),
          pause: async () => clock.stop(),
        },
        this.#place,
      );
    } finally {
      progress.stop();
    }
    this.epochSeconds = (performance.now() - started) / 1000;
  }
}

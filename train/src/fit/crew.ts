import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BackendTraits } from '../backends/traits.ts';
import { createRandom, mixSeed } from '../random.ts';
import { epochBatches, type Windows } from './batches.ts';
import { type Course, drawFor } from './course.ts';
import { DeviceTables } from './device-tables.ts';
import { HostTables } from './host-tables.ts';
import { rateAt, type Schedule } from './schedule.ts';
import type { TrainingState } from './state.ts';
import type { PendingLoss, Tables } from './tables.ts';
import { Trainer } from './trainer.ts';

/** After each optimiser step. */
export interface StepReport {
  /** Targets that the step learnt from. */
  readonly events: number;
  /** Mean cross-entropy of the step's targets, in nats. */
  readonly loss: number;
}

/** Whoever takes a run's steps: this thread, or workers. */
export interface Crew {
  /**
   * Takes the steps of an epoch from batch `start` on, reporting each. Ended by `return()`, it finishes the steps in hand
   * and keeps their reports to itself.
   */
  run(epoch: number, start: number, schedule: Schedule): AsyncGenerator<StepReport>;
  /** Has the run end after the steps in hand, which it still reports. */
  stop(): void;
  /** Batches of the epoch that are done, once `run` has ended. */
  readonly done: number;
  close(): Promise<void>;
}

/** What a crew works on. */
export interface Work {
  readonly course: Course;
  readonly windows: Windows;
  readonly state: TrainingState;
  /** uint32 [V − 2]: how often training saw each token. */
  readonly support: Uint32Array;
  /** Of the backend that the steps are taken on. */
  readonly traits: BackendTraits;
}

/** A step whose loss is yet to be read. */
interface PendingReport {
  readonly events: number;
  readonly loss: PendingLoss;
}

/** The order of an epoch's batches: the same for every worker, and whenever it is asked. */
export function orderOf({ course, windows }: Work, epoch: number): Uint32Array[] {
  return epochBatches(windows, course.batchSize, createRandom(mixSeed(course.seed, epoch)));
}

/** Takes single steps; each draws from a stream of its own, so that a run goes on from any step. */
export class Stepper {
  readonly #work: Work;
  readonly #tables: Tables;
  readonly #trainer: Trainer;

  constructor(work: Work) {
    const { course, state, support, traits } = work;
    const { spec, settings } = course;
    this.#work = work;
    this.#tables = traits.tables === 'device' ? new DeviceTables(spec, state) : new HostTables(spec, state);
    this.#trainer = new Trainer(spec, this.#tables, drawFor(course, support), settings, traits.logitsAtOnce);
  }

  /** @returns undefined when no target of the batch is a token. */
  async step(
    batch: Uint32Array,
    place: { epoch: number; index: number },
    schedule: Schedule,
  ): Promise<PendingReport | undefined> {
    const laidOut = this.#work.windows.batch(batch);
    const events = laidOut.targets.length;
    if (events === 0) return undefined;
    const random = createRandom(mixSeed(this.#work.course.seed, place.epoch, place.index));
    const loss = await this.#trainer.step(laidOut, rateAt(schedule, place.epoch), random);
    return { events, loss };
  }

  /** Brings the work's state up to date. */
  settle(): Promise<void> {
    return this.#tables.settle();
  }

  close(): void {
    this.#tables.close();
  }
}

/** One worker, and that is this thread: on the CPU, the same seed gives the same weights, bit for bit. */
export class LoneCrew implements Crew {
  done = 0;
  #isStopped = false;
  readonly #work: Work;
  readonly #stepper: Stepper;

  constructor(work: Work) {
    this.#work = work;
    this.#stepper = new Stepper(work);
  }

  async *run(epoch: number, start: number, schedule: Schedule): AsyncGenerator<StepReport> {
    const batches = orderOf(this.#work, epoch);
    const { readEvery } = this.#work.traits;
    const pending: PendingReport[] = [];
    this.done = start;
    this.#isStopped = false;
    try {
      while (this.done < batches.length && !this.#isStopped) {
        await nextTurn(); // so that Ctrl-C is heard: on wasm, nothing else lets go of the process
        const index = this.done;
        const report = await this.#stepper.step(
          batches[index] ?? new Uint32Array(),
          { epoch, index },
          schedule,
        );
        this.done++;
        if (report) pending.push(report);
        if (this.done % readEvery !== 0 && this.done < batches.length && !this.#isStopped) continue;
        for (let next = pending.shift(); next; next = pending.shift()) {
          yield { events: next.events, loss: await next.loss() };
        }
      }
    } finally {
      for (const { loss } of pending) await loss(); // which frees it
      await this.#stepper.settle();
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  async close(): Promise<void> {
    this.#stepper.close();
  }
}

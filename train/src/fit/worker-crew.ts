import { Worker } from 'node:worker_threads';
import { UserError } from '../user-error.ts';
import type { WindowColumns } from './batches.ts';
import type { Crew, StepReport, Work } from './crew.ts';
import type { Schedule } from './schedule.ts';
import { share } from './shared.ts';

/** What a worker begins with. Tables and sessions are shared, not copied. */
export interface WorkerStart {
  readonly work: Omit<Work, 'windows'>;
  readonly windows: WindowColumns;
  /** int32 [2]: see {@link CONTROL}. */
  readonly control: Int32Array;
}

/** What a worker is told, once an epoch. */
export interface EpochOrder {
  readonly epoch: number;
  readonly schedule: Schedule;
}

/** What a worker says: when it has started and whenever it has no step left, `idle`; after each step, a report. */
export type WorkerMessage = StepReport | 'idle';

/** Where in `control` stand the next batch, and the wish (1) that all stop after the step in hand. */
export const CONTROL = { next: 0, stop: 1 } as const;

/**
 * Workers that train side by side over the same tables, without locks: each takes the epoch's next batch, reads the rows
 * as they are and writes its updates back.
 * @see Niu et al. 2011, "Hogwild!": sparse updates seldom meet.
 */
export class WorkerCrew implements Crew {
  readonly #workers: readonly Worker[];
  readonly #control: Int32Array;
  /** Set by the first worker that died; nothing goes on after it. */
  #failure: UserError | undefined;
  #wake: () => void = () => {};

  private constructor(workers: readonly Worker[], control: Int32Array) {
    this.#workers = workers;
    this.#control = control;
    for (const worker of workers) {
      worker.on('error', (error) => this.#fail(error.message));
      worker.on('exit', (code) => this.#fail(`it ended with code ${code}`));
    }
  }

  /** Starts `count` workers, each with a backend of its own. @throws UserError when one dies before it can begin. */
  static async start(work: Work, count: number): Promise<WorkerCrew> {
    const control = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
    const { windows, ...rest } = work;
    const { inputs, targets, starts, lengths, scored } = windows.columns;
    const workerData: WorkerStart = {
      work: { ...rest, support: share(rest.support) },
      windows: {
        inputs: share(inputs),
        targets: share(targets),
        starts: share(starts),
        lengths: share(lengths),
        scored: share(scored),
      },
      control,
    };
    const boot = new URL('./worker-boot.mjs', import.meta.url);
    const workers = Array.from({ length: count }, () => new Worker(boot, { workerData }));
    const crew = new WorkerCrew(workers, control);
    await crew.#started();
    return crew;
  }

  /** Waits for the first word of every worker; where one dies before it, the others go too. */
  async #started(): Promise<void> {
    let silent = this.#workers.length;
    for (const worker of this.#workers) {
      worker.once('message', () => {
        silent--;
        this.#wake();
      });
    }
    while (silent > 0 && !this.#failure) await this.#news();
    if (!this.#failure) return;
    await this.close();
    throw this.#failure;
  }

  get done(): number {
    return Atomics.load(this.#control, CONTROL.next);
  }

  async *run(epoch: number, start: number, schedule: Schedule): AsyncGenerator<StepReport> {
    Atomics.store(this.#control, CONTROL.next, start);
    Atomics.store(this.#control, CONTROL.stop, 0);
    const reports: StepReport[] = [];
    let working = this.#workers.length;
    const listen = (message: WorkerMessage) => {
      if (message === 'idle') working--;
      else reports.push(message);
      this.#wake();
    };
    const order: EpochOrder = { epoch, schedule };
    for (const worker of this.#workers) worker.on('message', listen).postMessage(order);
    try {
      for (;;) {
        if (this.#failure) throw this.#failure;
        const report = reports.shift();
        if (report) yield report;
        else if (working === 0) return;
        else await this.#news();
      }
    } finally {
      this.stop();
      while (working > 0 && !this.#failure) await this.#news();
      for (const worker of this.#workers) worker.off('message', listen);
    }
  }

  stop(): void {
    Atomics.store(this.#control, CONTROL.stop, 1);
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) worker.removeAllListeners('exit');
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #fail(why: string): void {
    this.#failure ??= new UserError(`a training worker died: ${why}; resume with fewer --workers`);
    this.#wake();
  }
}

import { createHash } from 'node:crypto';
import type { ModelSpec } from '@pathcast/models/spec';
import type { Vocabulary } from '@pathcast/models/vocabulary';
import type { ModelWeights } from '@pathcast/models/weights';
import type { Backend } from '../backends/backend.ts';
import type { BackendTraits } from '../backends/traits.ts';
import { showProgress } from '../cli/progress.ts';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import { trainingWindows, type Windows } from '../fit/batches.ts';
import type { Checkpoint } from '../fit/checkpoint.ts';
import type { Course } from '../fit/course.ts';
import { type Crew, LoneCrew, type Work } from '../fit/crew.ts';
import { type EpochRecord, epochsOf, type FitPlace, fit, startOf, type Validation } from '../fit/fit.ts';
import { checkMemory, deviceBytes, fitBytes, gigabytes } from '../fit/memory.ts';
import { startState, TRUST } from '../fit/start.ts';
import { createState, type TrainingState } from '../fit/state.ts';
import { type Earlier, warmStart } from '../fit/warm-start.ts';
import { WorkerCrew } from '../fit/worker-crew.ts';
import { createRandom, mixSeed } from '../random.ts';
import type { EpochReport } from '../report/run-report.ts';
import type { SettledOptions } from './navigation-options.ts';

/** What one fit of a run learns from. */
export interface Lesson {
  readonly spec: ModelSpec;
  readonly vocabulary: Vocabulary;
  readonly sessions: TokenSessions;
  /** uint32 [V − 2]: how often the sessions have each token. */
  readonly counts: Uint32Array;
  /** That it is fitted on. */
  readonly backend: Backend;
  /** Epochs, the cooling ones included. */
  readonly epochs: number;
  /** Which of the run's fits: each has random numbers of its own. */
  readonly stream: number;
  readonly validate?: ((weights: ModelWeights) => Promise<Validation>) | undefined;
  /** A model to begin with, in place of random weights. */
  readonly earlier?: Earlier | undefined;
}

/** Saves a fit now and then. */
export interface Saver {
  isDue(): boolean;
  save(state: TrainingState, fit: FitPlace): Promise<void>;
}

/** What a fit came to. */
export interface Learnt {
  readonly weights: ModelWeights;
  readonly place: FitPlace;
}

/** Fits a model to sessions, from the beginning or from a checkpoint on, showing each epoch. */
export async function learn(
  lesson: Lesson,
  options: SettledOptions,
  saver: Saver,
  from?: { fit: FitPlace; checkpoint: Checkpoint },
): Promise<Learnt> {
  const { epochs, validate } = lesson;
  const { state, windows, crew } = await setUp(lesson, options, from?.checkpoint);
  const place = from?.fit ?? startOf(epochs);
  const progress = showProgress({ events: windows.countScored(), epochs, done: place.events });
  try {
    const end = await fit(
      crew,
      {
        learningRate: options.learningRate,
        epochs,
        patience: options.patience,
        validate: validate && (() => validate(state.weights)),
        onStep: (step) => progress.step(step),
        onEpoch: (record, place) => progress.endEpoch(describeEpoch(record, place, epochs)),
        isDue: () => saver.isDue(),
        pause: (at) => saver.save(state, at),
      },
      place,
    );
    return { weights: state.weights, place: end };
  } finally {
    progress.stop();
    await crew.close();
  }
}

/** What a fit works with; the crew is to be closed. */
export interface SetUp {
  readonly state: TrainingState;
  readonly windows: Windows;
  readonly crew: Crew;
}

/**
 * Makes all that a fit works with.
 * @param checkpoint whose tables and optimiser it goes on with.
 * @throws UserError when there is too little memory, or the checkpoint is of another shape.
 */
export async function setUp(
  lesson: Lesson,
  options: SettledOptions,
  checkpoint?: Checkpoint,
): Promise<SetUp> {
  const { spec, sessions, counts, backend } = lesson;
  const course = courseOf(lesson, options);
  checkMemory(
    fitBytes(spec, options),
    `fewer pages (--min-support) or fewer --hidden-units than ${spec.hiddenUnits} take less`,
  );
  const state = begin(lesson, course);
  await checkpoint?.restore(state);
  const windows = trainingWindows(sessions, spec.steps);
  const traits = traitsFor(backend, deviceBytes(spec, options));
  const crew = await startCrew({ course, windows, state, support: counts, traits }, options.workers);
  return { state, windows, crew };
}

/** Tables that the device has no room for stay on the host. */
function traitsFor({ traits, roomBytes }: Backend, needed: number): BackendTraits {
  if (traits.tables === 'host' || roomBytes === undefined || needed <= roomBytes) return traits;
  process.stdout.write(
    `  tables    on the host: they take ${gigabytes(needed)}, and the GPU has room for ${gigabytes(roomBytes)}\n`,
  );
  return { ...traits, tables: 'host' };
}

/** Apart from every epoch's number. */
const START = -1;

function begin({ spec, sessions, vocabulary, earlier }: Lesson, { seed, settings }: Course): TrainingState {
  const { momentum } = settings;
  if (earlier) return createState(spec, warmStart(spec, vocabulary, earlier), { momentum, trust: TRUST });
  return startState(spec, sessions, { momentum, random: createRandom(mixSeed(seed, START)) });
}

function courseOf({ spec, stream }: Lesson, options: SettledOptions): Course {
  const { batchSize, negatives, alpha, rowDropout, stateDropout, unknownRate, momentum, seed } = options;
  return {
    spec,
    settings: { rowDropout, stateDropout, unknownRate, momentum },
    batchSize,
    negatives: { count: negatives, alpha },
    seed: mixSeed(seed, stream),
  };
}

async function startCrew(work: Work, workers: number): Promise<Crew> {
  return workers === 1 ? new LoneCrew(work) : WorkerCrew.start(work, workers);
}

function describeEpoch(record: EpochRecord, place: FitPlace, asked: number): string {
  const epochs = epochsOf(place, asked);
  const { trainLoss, seconds, events, validation } = record;
  const rate = Math.round(events / Math.max(seconds, 1e-3)).toLocaleString('en');
  const held = validation
    ? `  held out: recall@20 ${percent(validation.recallAt20)}  MRR@20 ${percent(validation.mrrAt20)}`
    : '';
  return `  epoch ${String(place.epochs.length).padStart(2)}/${epochs}  loss ${trainLoss.toFixed(3)}${held}  ${rate} events/s`;
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}

/** A fit's epochs as the report draws them. */
export function curveOf(phase: EpochReport['phase'], epochs: readonly EpochRecord[]): EpochReport[] {
  return epochs.map(({ trainLoss, learningRate, seconds, validation }, i) => ({
    phase,
    epoch: i + 1,
    trainLoss,
    learningRate,
    seconds,
    validationLoss: validation?.loss,
    recallAt20: validation?.recallAt20,
    mrrAt20: validation?.mrrAt20,
  }));
}

/** Targets that some epochs learnt from in a second. */
export function rateOf(epochs: readonly EpochRecord[]): number {
  const events = epochs.reduce((sum, epoch) => sum + epoch.events, 0);
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  return events / Math.max(seconds, 1e-3);
}

/** A digest of sessions and the names of their pages. */
export function digestOf(sessions: TokenSessions, vocabulary: Vocabulary): string {
  const hash = createHash('sha256');
  hash.update(sessions.ids).update(sessions.offsets);
  for (const token of vocabulary.tokens) hash.update(`${token}\n`);
  return hash.digest('hex');
}

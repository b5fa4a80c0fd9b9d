import type { ModelSpec } from '@pathcast/models/spec';
import type { ModelWeights } from '@pathcast/models/weights';
import { TRAITS } from '@pathcast/train/backends/traits';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { trainingWindows } from '@pathcast/train/fit/batches';
import type { Course } from '@pathcast/train/fit/course';
import type { StepReport, Work } from '@pathcast/train/fit/crew';
import { createState } from '@pathcast/train/fit/state';
import { randomModel, seededRandom } from './models.ts';

/** Sessions over 40 pages in which a page says the next one, but for one in ten. */
export function habits(count: number, seed = 1): TokenSessions {
  const random = seededRandom(seed);
  const anyPage = () => 2 + Math.floor(random() * 40);
  return TokenSessions.of(
    Array.from({ length: count }, () => {
      const session = [anyPage()];
      const length = 2 + Math.floor(random() * 6);
      while (session.length < length) {
        session.push(random() < 0.1 ? anyPage() : 2 + (((session.at(-1) ?? 0) * 7) % 40));
      }
      return session;
    }),
  );
}

/** What a crew is given to fit a model of random weights, dropout and sampling included unless told otherwise. */
export function workOn(
  sessions: TokenSessions,
  { spec: overrides, ...changes }: Partial<Omit<Course, 'spec'>> & { spec?: Partial<ModelSpec> } = {},
): Work {
  const { spec, weights } = randomModel(overrides);
  const course: Course = {
    spec,
    settings: { rowDropout: 0.2, stateDropout: 0.2, unknownRate: 0.05, momentum: 0.5 },
    batchSize: 8,
    negatives: { count: 16, alpha: 0.5 },
    seed: 1,
    ...changes,
  };
  const support = new Uint32Array(spec.vocabularySize - 2);
  for (const id of sessions.ids) support[id - 2] = (support[id - 2] ?? 0) + 1;
  const windows = trainingWindows(sessions, spec.steps);
  return {
    course,
    windows,
    state: createState(spec, weights, course.settings),
    support,
    traits: TRAITS.wasm,
  };
}

export const SCHEDULE = { learningRate: 0.1, steadyEpochs: 1000 };

/** All reports of a run. */
export async function reportsOf(run: AsyncIterable<StepReport>): Promise<StepReport[]> {
  const reports = [];
  for await (const report of run) reports.push(report);
  return reports;
}

/** Mean loss of a target. */
export function meanLoss(reports: readonly StepReport[]): number {
  const events = reports.reduce((sum, report) => sum + report.events, 0);
  return reports.reduce((sum, { events, loss }) => sum + events * loss, 0) / events;
}

/** Every number of some weights, as they are now: a copy. */
export function flatten({ inputRows, cells, outputRows, outputBias }: ModelWeights): Float32Array[] {
  const inCells = cells.flatMap(({ kernel, recurrentKernel, bias }) => [kernel, recurrentKernel, bias]);
  return [inputRows, ...inCells, outputRows, outputBias]
    .filter((part) => part !== undefined)
    .map((part) => Float32Array.from(part));
}

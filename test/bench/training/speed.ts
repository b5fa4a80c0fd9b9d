import { LoneCrew } from '@pathcast/train/fit/crew';
import { WorkerCrew } from '@pathcast/train/fit/worker-crew';
import { atLeast, atMost, figure, type Row } from '../report.ts';
import { type Catalogue, generatedCatalogue } from './catalogue.ts';
import type { Effort } from './effort.ts';
import { inTurns, paceOf } from './pace.ts';
import { workFor } from './work.ts';

/** One worker, and two over the same table, in turns over the same batches. */
export async function workerRows(catalogue: Catalogue, { turns, steps }: Effort): Promise<Row[]> {
  const work = workFor(catalogue);
  const lone = new LoneCrew(work);
  const pair = await WorkerCrew.start(work, 2);
  try {
    const paces = await inTurns(
      {
        one: async (turn) => (await paceOf(lone, turn, steps)).eventsPerSecond,
        two: async (turn) => (await paceOf(pair, turn, steps)).eventsPerSecond,
      },
      turns,
    );
    return [
      atLeast(`${catalogue.name}: one worker`, Math.round(paces.one), 9000, 'events/s'),
      figure(`${catalogue.name}: two workers`, Math.round(paces.two), 'events/s'),
      atLeast(`${catalogue.name}: two workers`, paces.two / paces.one, 1.7, 'times one'),
    ];
  } finally {
    await pair.close();
  }
}

/** A step over a large catalogue, and one of the same shape over a small one. */
export async function catalogueRows({ turns, steps, pages, sessions }: Effort): Promise<Row[]> {
  const catalogues = [pages.few, pages.many].map((count) => generatedCatalogue({ pages: count, sessions }));
  const [few, many] = catalogues.map((catalogue) => new LoneCrew(workFor(catalogue)));
  if (!few || !many) throw new RangeError('two catalogues are compared');
  const times = await inTurns(
    {
      few: async (turn) => (await paceOf(few, turn, steps)).stepMs,
      many: async (turn) => (await paceOf(many, turn, steps)).stepMs,
    },
    turns,
  );
  const [small, large] = catalogues.map(({ name }) => name);
  return [
    figure(`a step over ${small}`, times.few, 'ms'),
    figure(`a step over ${large}`, times.many, 'ms'),
    atMost(`a step over ${large}`, times.many / times.few, 1.25, `times ${pages.few.toLocaleString('en')}`),
  ];
}

import type { Mixture } from '@pathcast/models/predictor/mixture';
import type { Part } from '@pathcast/models/predictor/parts';
import { RETURNS_LENGTH } from '@pathcast/models/predictor/returns';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { atMost, figure, type Row } from '../report.ts';
import { BenchWorker } from './bench-worker.ts';
import { megabytesOf } from './memory.ts';
import { histories, tiedModel } from './models.ts';

/** With as many rules as a pack has at most. */
const LARGE = 250_000;
const RULES_PER_PAGE = 6;
/** What a prediction reads of a visit here. */
const STEPS = 4;

const PROJECTED = 1_000_000;
const SIZES = [100_000, 250_000, 500_000];
/** An isolate's. */
const ISOLATE_MB = 128;

/** A site of 250,000 pages: a mixed prediction, and what the model takes of an isolate. */
export async function largeRows(): Promise<Row[]> {
  const model = { ...tiedModel(LARGE), mixture: rulesMixture(LARGE + FIRST_TOKEN_ID) };
  const what = '250,000 pages, tied, 1,500,000 rules';
  const taken = await megabytesOf(model);
  const { ms } = await measure(model, 'mixture');
  return [
    atMost(`${what}: memory of the isolate`, taken, 100, 'MB'),
    atMost(`${what}: mixture and top 20`, ms, 1.5, 'ms'),
  ];
}

/** As many rules to any page as training keeps, for every page alike. */
function rulesMixture(size: number): Mixture {
  const rules = (size - FIRST_TOKEN_ID) * RULES_PER_PAGE;
  return {
    temperature: 1,
    weights: Float32Array.from({ length: 48 }, (_, i) => [0.6, 0.4, 0][i % 3] ?? 0),
    rules: {
      offsets: Uint32Array.from(
        { length: size + 1 },
        (_, id) => RULES_PER_PAGE * Math.max(0, id - FIRST_TOKEN_ID),
      ),
      successors: Uint32Array.from(
        { length: rules },
        (_, i) => FIRST_TOKEN_ID + ((i * 7919) % (size - FIRST_TOKEN_ID)),
      ),
      counts: Float32Array.from({ length: rules }, (_, i) => RULES_PER_PAGE - (i % RULES_PER_PAGE)),
      historyDecay: 0.5,
      returns: new Float32Array(RETURNS_LENGTH),
    },
  };
}

/** What a million pages would take: the line through what was measured at rising sizes. */
export async function projectionRows(): Promise<Row[]> {
  const measured: { pages: number; ms: number; megabytes: number }[] = [];
  for (const pages of SIZES) measured.push({ pages, ...(await measure(tiedModel(pages), 'recurrent')) });
  const sizes = measured.map(({ pages }) => pages);
  const time = lineThrough(
    sizes,
    measured.map(({ ms }) => ms),
  );
  const memory = lineThrough(
    sizes,
    measured.map(({ megabytes }) => megabytes),
  );
  const most = Math.floor((ISOLATE_MB - memory.at(0)) / (memory.at(1) - memory.at(0)));
  return [
    ...measured.flatMap(({ pages, ms, megabytes }) => [
      figure(`${pages.toLocaleString('en')} pages, tied: kernel and top 20`, ms, 'ms'),
      figure(`${pages.toLocaleString('en')} pages, tied: kernel’s memory`, megabytes, 'MB'),
    ]),
    figure('1,000,000 pages, from the line through these: kernel and top 20', time.at(PROJECTED), 'ms'),
    figure('1,000,000 pages, likewise: kernel’s memory', memory.at(PROJECTED), 'MB'),
    figure(`most pages whose kernel fits ${ISOLATE_MB} MB, all that an isolate has`, most, 'pages'),
  ];
}

/** Of the model alone in a fresh isolate: ms a prediction, and its kernel's memory. */
async function measure(model: TrainedModel, part: Part): Promise<{ ms: number; megabytes: number }> {
  const worker = await BenchWorker.start();
  try {
    await worker.ask(histories(model, STEPS));
    const bytes = await worker.loadModel('model', model, { part });
    const { model: ms } = await worker.time({ model: Math.ceil(2e7 / model.spec.vocabularySize) });
    return { ms, megabytes: bytes / 1e6 };
  } finally {
    await worker.stop();
  }
}

/** The line of least squares. */
function lineThrough(x: readonly number[], y: readonly number[]): { at(x: number): number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const slope =
    mean(x.map((value, i) => (value - meanX) * ((y[i] ?? 0) - meanY))) /
    mean(x.map((value) => (value - meanX) ** 2));
  return { at: (value) => meanY + slope * (value - meanX) };
}

import type { RunReport } from '@pathcast/train/report/run-report';

export const ranking = (recallAt20: number, mrrAt20: number) => ({
  predictions: 60_858,
  recallAt1: 0.0921,
  recallAt5: 0.2814,
  recallAt20,
  mrrAt20,
});

export const rankings = (model: number, markov: number) => ({
  model: { recallAt20: model, mrrAt20: 0.1 },
  markov: { recallAt20: markov, mrrAt20: 0.1 },
});

export const NAVIGATION: RunReport = {
  name: 'navigation',
  version: '20261123181500',
  createdAt: '2026-11-23T18:15:00.000Z',
  spec: {
    task: 'next',
    cell: 'gru',
    layers: 1,
    hiddenUnits: 100,
    vocabularySize: 43_099,
    steps: 19,
    input: { type: 'embedding', units: 100 },
    output: 'tied',
    normalised: true,
  },
  config: { epochs: 8, batchSize: 128, minVisitors: null },
  data: { format: 'session-lines', sessions: 186_670, events: 906_140, tokens: 43_097, testSessions: 15_963 },
  tools: { pathcast: '0.1.0', node: 'v20.20.2' },
  command: 'npm run train -- navigation --data train.txt.gz',
  curves: [
    {
      phase: 'choosing',
      epoch: 1,
      trainLoss: 8.3,
      validationLoss: 7.5,
      recallAt20: 0.295,
      mrrAt20: 0.091,
      learningRate: 0.1,
      seconds: 97,
    },
    {
      phase: 'choosing',
      epoch: 2,
      trainLoss: 6.99,
      validationLoss: 6.693,
      recallAt20: 0.393,
      mrrAt20: 0.127,
      learningRate: 0.02,
      seconds: 98,
    },
    { phase: 'final', epoch: 1, trainLoss: 8.27, learningRate: 0.1, seconds: 108 },
  ],
  metrics: {
    on: 'test',
    model: {
      ...ranking(0.5241, 0.1742),
      interval95: { recallAt20: [0.5199, 0.5281], mrrAt20: [0.1722, 0.1759] },
    },
    baselines: { popularity: ranking(0.0089, 0.002), markov: ranking(0.3071, 0.1083) },
    parts: { recurrent: ranking(0.5032, 0.1689), neighbours: ranking(0.4872, 0.1611) },
    difference: {
      recallAt20: { baseline: 'markov', difference: 0.217, interval95: [0.212, 0.222] },
      mrrAt20: { baseline: 'markov', difference: 0.0659, interval95: [0.063, 0.068] },
    },
    breakdowns: {
      historyLength: [
        { from: 1, to: 1, predictions: 15_963, rankings: rankings(0.551, 0.319) },
        { from: 2, to: null, predictions: 44_895, rankings: rankings(0.472, 0.216) },
      ],
      pageFrequency: [
        { from: 1, to: 255, predictions: 40_000, rankings: rankings(0.301, 0.174) },
        { from: 256, to: 1023, predictions: 20_858, rankings: rankings(0.653, 0.279) },
      ],
    },
  },
  calibration: {
    temperature: 1.143,
    ece: 0.0113,
    eceRecurrent: 0.0412,
    bins: [
      { predicted: 0.0421, observed: 0.0533, count: 26_040 },
      { predicted: 0.7083, observed: 0.6842, count: 725 },
    ],
    thresholds: [
      { threshold: 0.05, precision: 0.187, coverage: 0.554, fetches: 2.96, wasted: 2.41 },
      { threshold: 0.35, precision: 0.454, coverage: 0.24, fetches: 0.53, wasted: 0.29 },
      { threshold: 0.8, precision: 0.795, coverage: 0.02, fetches: 0.03, wasted: 0.01 },
    ],
  },
  // The recurrent model has 3/4 where training never saw the page, and 7/8 elsewhere; there are no rules.
  mixtureWeights: Float32Array.from(
    Array.from({ length: 16 }, (_, bin) => (bin === 0 ? [0.75, 0, 0.25] : [0.875, 0, 0.125])).flat(),
  ),
  resources: {
    wallSeconds: 1694,
    cpuSeconds: 7385,
    peakBytes: 1.43e9,
    eventsPerSecond: 14_210.4,
    workers: 2,
    backend: 'wasm',
  },
};

/** What a labeller's run has to say: no session was held out, and there is nothing to prefetch. */
export const LABELLER: RunReport = {
  ...NAVIGATION,
  name: 'hihello',
  spec: {
    task: 'label',
    cell: 'lstm',
    layers: 1,
    hiddenUnits: 10,
    vocabularySize: 7,
    steps: 256,
    input: { type: 'one-hot' },
    output: 'dense',
    normalised: false,
  },
  curves: Array.from({ length: 1000 }, (_, i) => ({
    phase: 'final',
    epoch: i + 1,
    trainLoss: 2 * 0.99 ** i,
    learningRate: 0.1,
    seconds: 0.002,
  })),
  metrics: { on: 'training', model: { ...ranking(1, 1), predictions: 6, recallAt1: 1 }, baselines: {} },
  calibration: undefined,
  mixtureWeights: undefined,
};

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** The text of some markup as a reader sees it, white space put together. */
export function textOf(markup: string): string {
  return markup
    .replace(/<(style|title|desc)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '')
    .replace(/\s+/g, ' ');
}

/** The part of a page below a heading, up to the next. */
export function section(page: string, heading: string): string {
  const found = page.split('<section>').find((part) => part.includes(`<h2>${heading}</h2>`));
  if (!found) throw new Error(`there is no section ${heading}`);
  return found;
}

/** The text of each cell of each row of the n-th table, head included. */
export function table(markup: string, n = 0): string[][] {
  const tables = markup.match(/<table[\s\S]*?<\/table>/g) ?? [];
  const rows = tables[n]?.match(/<tr[\s\S]*?<\/tr>/g) ?? [];
  return rows.map((row) => (row.match(/<t[hd][\s\S]*?<\/t[hd]>/g) ?? []).map((cell) => textOf(cell).trim()));
}

/** The texts of a drawing, in the order that they are drawn. */
export function drawn(page: string, id: string): string[] {
  const [svg] = page.match(new RegExp(`<svg id="${id}"[\\s\\S]*?</svg>`)) ?? [];
  if (!svg) throw new Error(`there is no drawing ${id}`);
  return (svg.match(/<text[\s\S]*?<\/text>/g) ?? []).map((text) => textOf(text).trim());
}

/** The x and y of each corner of the n-th line in a colour. */
export function corners(page: string, id: string, tone: string, n = 0): number[][] {
  const [svg] = page.match(new RegExp(`<svg id="${id}"[\\s\\S]*?</svg>`)) ?? [];
  const paths = [...(svg ?? '').matchAll(/<path d="([^"]+)" fill="none" stroke="var\(--([a-z]+)\)"/g)];
  const path = paths.filter(([, , stroke]) => stroke === tone)[n]?.[1] ?? '';
  return path
    .split(/[ML]/)
    .filter(Boolean)
    .map((corner) => corner.trim().split(/[ ,]/).map(Number));
}

/** The widths of the bars in a colour, top to bottom. */
export function widths(page: string, id: string, tone: string): number[] {
  const [svg] = page.match(new RegExp(`<svg id="${id}"[\\s\\S]*?</svg>`)) ?? [];
  const bars = (svg ?? '').matchAll(/<path d="M[\d.]+ [\d.]+l([\d.]+) 0[^"]*" fill="var\(--([a-z]+)\)"/g);
  return [...bars].filter(([, , fill]) => fill === tone).map(([, width]) => Number(width));
}

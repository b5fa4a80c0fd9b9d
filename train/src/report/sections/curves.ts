import type { HorizontalAxis } from '../charts/axis.ts';
import { type Line, lineChart } from '../charts/line-chart.ts';
import { figureOf, sectionOf, tableOf } from '../figure.ts';
import { count, duration, figure, loss, percent } from '../format.ts';
import type { Html } from '../html.ts';
import type { EpochReport, RunReport } from '../run-report.ts';
import { thin } from '../thin.ts';

const MOST_POINTS = 300;
const MOST_MARKS = 40;
const MOST_ROWS = 24;

/** From this spread on, a loss is drawn on a logarithmic axis: a labeller's falls a thousandfold. */
const WIDE_SPREAD = 50;

/** Loss and recall by epoch, while settings were chosen and while everything was fitted. */
export function curves({ curves: epochs = [] }: RunReport): Html | undefined {
  if (epochs.length === 0) return undefined;
  const choosing = epochs.filter(({ phase }) => phase === 'choosing');
  const final = epochs.filter(({ phase }) => phase === 'final');
  return sectionOf({
    title: 'How it learned',
    lead: leadOf(choosing.length, final.length),
    charts: [lossFigure(choosing, final), rankingFigure(epochs)].filter((chart) => chart !== undefined),
    tables: [choosing.length === 0 ? epochTable(final, []) : epochTable(choosing, final)],
  });
}

function leadOf(choosing: number, final: number): string {
  if (final === 0) return `${epochsOf(choosing)}, with some sessions held out to watch progress on.`;
  if (choosing === 0) return `${epochsOf(final)} over all the data; none of it was held out.`;
  return `First with some sessions held out, to choose how long to train; then, as it is served, on all of them for ${epochsOf(final)} (dashed).`;
}

function epochsOf(epochs: number): string {
  return epochs === 1 ? '1 epoch' : `${count(epochs)} epochs`;
}

function lossFigure(choosing: readonly EpochReport[], final: readonly EpochReport[]): Html | undefined {
  const lines: Line[] = [
    { ...curveOf(choosing, ({ trainLoss }) => trainLoss), name: 'training', tone: 'model' as const },
    { ...curveOf(choosing, ({ validationLoss }) => validationLoss), name: 'held out', tone: 'ink' as const },
    {
      ...curveOf(final, ({ trainLoss }) => trainLoss),
      name: choosing.length === 0 ? 'training' : 'final fit',
      tone: 'model' as const,
      isDashed: choosing.length > 0,
    },
  ].filter(({ points }) => points.length > 0);
  if (lines.length === 0) return undefined;
  const losses = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const chart = lineChart({
    id: 'loss',
    title: 'Loss by epoch',
    summary: summaryOf(lines, 'nats a step', loss),
    x: epochAxis(lines),
    y: { name: 'Loss (nats a step)', isLogarithmic: low > 0 && high / low > WIDE_SPREAD },
    lines,
  });
  return figureOf({ title: 'Loss', chart });
}

function rankingFigure(epochs: readonly EpochReport[]): Html | undefined {
  const lines: Line[] = [
    { ...curveOf(epochs, ({ recallAt20 }) => scaled(recallAt20)), name: 'Recall@20', tone: 'model' as const },
    { ...curveOf(epochs, ({ mrrAt20 }) => scaled(mrrAt20)), name: 'MRR@20', tone: 'ink' as const },
  ].filter(({ points }) => points.length > 0);
  if (lines.length === 0) return undefined;
  const chart = lineChart({
    id: 'recall',
    title: 'Recall@20 and MRR@20 on held-out sessions, by epoch',
    summary: summaryOf(lines, '%', (value) => value.toFixed(1)),
    x: epochAxis(lines),
    y: { name: 'Recall@20, MRR@20 (%)', min: 0 },
    lines,
  });
  return figureOf({ title: 'Ranking of held-out sessions', chart });
}

/** From the first epoch on, bar a single one, which needs room around it. */
function epochAxis(lines: readonly Line[]): HorizontalAxis {
  const isSingle = lines.every(({ points }) => points.length < 2);
  return { name: 'Epoch', isWhole: true, ...(isSingle ? {} : { min: 1 }) };
}

function summaryOf(lines: readonly Line[], unit: string, format: (value: number) => string): string {
  const changes = lines.map(({ name, points }) => {
    const [first, last] = [points[0]?.[1] ?? 0, points.at(-1)?.[1] ?? 0];
    return `${name} from ${format(first)} to ${format(last)} ${unit}`;
  });
  return `${changes.join('; ')}.`;
}

function scaled(share: number | undefined): number | undefined {
  return share === undefined ? undefined : share * 100;
}

function curveOf(
  epochs: readonly EpochReport[],
  value: (epoch: EpochReport) => number | undefined,
): Pick<Line, 'points' | 'marks'> {
  const points = epochs.flatMap((epoch): [number, number][] => {
    const y = value(epoch);
    return y === undefined || !Number.isFinite(y) ? [] : [[epoch.epoch, y]];
  });
  return { points: thin(points, MOST_POINTS), marks: points.length > MOST_MARKS ? 0 : 6 };
}

interface EpochRow {
  readonly choosing: EpochReport | undefined;
  readonly final: EpochReport | undefined;
}

/** A row an epoch, both phases on it; columns without a figure are left out. */
function epochTable(choosing: readonly EpochReport[], final: readonly EpochReport[]): Html {
  const epochs = [...new Set([...choosing, ...final].map(({ epoch }) => epoch))].sort((a, b) => a - b);
  const [byEpoch, finalByEpoch] = [choosing, final].map((of) => new Map(of.map((row) => [row.epoch, row])));
  const rows = thin(epochs, MOST_ROWS).map((epoch) => ({
    epoch,
    choosing: byEpoch?.get(epoch),
    final: finalByEpoch?.get(epoch),
  }));
  const columns = COLUMNS.filter(({ cell }) => rows.some((row) => cell(row) !== undefined));
  return tableOf({
    caption: rows.length < epochs.length ? `${rows.length} of ${count(epochs.length)} epochs` : 'Every epoch',
    head: ['Epoch', ...columns.map(({ head }) => head)],
    rows: rows.map((row) => ({ cells: [count(row.epoch), ...columns.map(({ cell }) => cell(row) ?? '')] })),
  });
}

const COLUMNS: readonly { head: string; cell: (row: EpochRow) => string | undefined }[] = [
  { head: 'Loss', cell: ({ choosing }) => choosing && loss(choosing.trainLoss) },
  { head: 'Held-out loss', cell: ({ choosing }) => optional(choosing?.validationLoss, loss) },
  {
    head: 'Recall@20 (%)',
    cell: ({ choosing, final }) => optional((choosing ?? final)?.recallAt20, percent),
  },
  { head: 'MRR@20 (%)', cell: ({ choosing, final }) => optional((choosing ?? final)?.mrrAt20, percent) },
  { head: 'Time', cell: ({ choosing }) => choosing && duration(choosing.seconds) },
  { head: 'Final fit: loss', cell: ({ final }) => final && loss(final.trainLoss) },
  { head: 'Final fit: time', cell: ({ final }) => final && duration(final.seconds) },
  {
    head: 'Learning rate',
    cell: ({ choosing, final }) => optional((choosing ?? final)?.learningRate, figure),
  },
];

function optional(value: number | undefined, format: (value: number) => string): string | undefined {
  return value === undefined ? undefined : format(value);
}

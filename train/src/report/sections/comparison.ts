import type { Metrics, Ranking } from '@pathcast/models/manifest';
import { barChart } from '../charts/bar-chart.ts';
import { MODEL_NAME, toneOf } from '../charts/tone.ts';
import { figureOf, sectionOf, tableOf } from '../figure.ts';
import { count, percent, range, signed } from '../format.ts';
import type { Html } from '../html.ts';
import type { RunReport } from '../run-report.ts';

interface Rival {
  readonly name: string;
  readonly ranking: Ranking;
}

const MEASURES = {
  recallAt1: 'Recall@1',
  recallAt5: 'Recall@5',
  recallAt20: 'Recall@20',
  mrrAt20: 'MRR@20',
} as const;
type Measure = keyof typeof MEASURES;

/** What is drawn and listed for each task: few labellers have more than twenty labels. */
const SHOWN = {
  next: {
    charts: ['recallAt20', 'mrrAt20'],
    columns: ['recallAt1', 'recallAt5', 'recallAt20', 'mrrAt20'],
    ranked: 'page',
    answer: 'page that came next',
  },
  label: {
    charts: ['recallAt1'],
    columns: ['recallAt1', 'recallAt5', 'mrrAt20'],
    ranked: 'label',
    answer: 'right label',
  },
} as const;

/** The served model, its parts alone, and the baselines, on the same predictions. */
export function comparison({ metrics, spec }: RunReport): Html | undefined {
  if (!metrics) return undefined;
  const { charts, columns, ranked, answer } = SHOWN[spec.task];
  const rivals = rivalsOf(metrics, charts[0]);
  return sectionOf({
    title: 'Beside the baselines',
    lead: `${count(metrics.model.predictions)} ${metrics.on} predictions, the same for all: each ranks every ${ranked}, and ties count against it. Recall@k is how often the ${answer} was among the first k; MRR@20 averages one over its rank, and counts zero past 20.`,
    charts: charts.map((measure) => rankingFigure(measure, rivals, metrics)),
    tables: [rankingTable(rivals, columns)],
  });
}

function rivalsOf({ model, parts = {}, baselines }: Metrics, measure: Measure): Rival[] {
  const rivals = Object.entries({ [MODEL_NAME]: model, ...parts, ...baselines });
  return rivals
    .map(([name, ranking]) => ({ name, ranking }))
    .sort((a, b) => b.ranking[measure] - a.ranking[measure]);
}

function rankingFigure(measure: Measure, rivals: readonly Rival[], metrics: Metrics): Html {
  const title = MEASURES[measure];
  const rows = rivals.map(({ name, ranking }) => ({
    name,
    parts: [{ value: ranking[measure], tone: toneOf(name) }],
    label: percent(ranking[measure]),
  }));
  const chart = barChart({
    id: measure,
    title: `${title} of the model and its baselines, in percent`,
    summary: `${rows.map(({ name, label }) => `${name} ${label}`).join('; ')}.`,
    rows,
    max: Math.max(...rivals.map(({ ranking }) => ranking[measure]), 1e-9),
  });
  const isEstimated = measure === 'recallAt20' || measure === 'mrrAt20';
  const note = isEstimated ? certainty(measure, metrics) : undefined;
  return figureOf({ title: `${title} (%)`, chart, note });
}

/** How sure the figure is, and that of the lead over the best baseline. */
function certainty(measure: 'recallAt20' | 'mrrAt20', { model, difference }: Metrics): string | undefined {
  if (!model.interval95) return undefined;
  const alone = `95 % interval ${range(model.interval95[measure])}`;
  if (!difference) return `${alone}.`;
  const { baseline, difference: lead, interval95 } = difference[measure];
  return `${alone}; lead on ${baseline} ${signed(lead)} (${range(interval95, signed)}).`;
}

function rankingTable(rivals: readonly Rival[], columns: readonly Measure[]): Html {
  return tableOf({
    caption: 'In percent',
    head: ['Ranked by', ...columns.map((measure) => MEASURES[measure])],
    rows: rivals.map(({ name, ranking }) => ({
      cells: [name, ...columns.map((measure) => percent(ranking[measure]))],
      isMarked: name === MODEL_NAME,
    })),
  });
}

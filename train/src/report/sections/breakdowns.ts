import type { BreakdownRow } from '@pathcast/models/manifest';
import { lineChart } from '../charts/line-chart.ts';
import { MODEL_NAME, toneOf } from '../charts/tone.ts';
import { figureOf, sectionOf, tableOf } from '../figure.ts';
import { count, percent, span } from '../format.ts';
import type { Html } from '../html.ts';
import type { RunReport } from '../run-report.ts';

const BREAKDOWNS = {
  historyLength: { title: 'by history length', axis: 'Pages of the visit known', head: 'Pages known' },
  pageFrequency: {
    title: 'by page frequency',
    axis: 'Times training saw the page that came next',
    head: 'Times seen',
  },
} as const;

interface Breakdown {
  readonly by: keyof typeof BREAKDOWNS;
  readonly rows: readonly BreakdownRow[];
}

/** Where the model is good and where it is not. */
export function breakdowns({ metrics }: RunReport): Html | undefined {
  const { historyLength = [], pageFrequency = [] } = metrics?.breakdowns ?? {};
  const all: Breakdown[] = [
    { by: 'historyLength', rows: historyLength },
    { by: 'pageFrequency', rows: pageFrequency },
  ];
  const shown = all.filter(({ rows }) => rows.length > 0);
  if (shown.length === 0) return undefined;
  return sectionOf({
    title: 'Where it does well',
    lead: 'The same predictions, by how much of the visit was known and by how often training saw the page that came next.',
    charts: shown.map(breakdownFigure),
    tables: shown.map(breakdownTable),
  });
}

function breakdownFigure({ by, rows }: Breakdown): Html {
  const title = `Recall@20 ${BREAKDOWNS[by].title}`;
  const lines = namesOf(rows).map((name) => ({
    name: shownName(name),
    tone: toneOf(name),
    isDashed: toneOf(name) === 'plain',
    points: rows.flatMap(({ rankings }, place): [number, number][] => {
      const ranking = rankings[name];
      return ranking ? [[place, ranking.recallAt20 * 100]] : [];
    }),
  }));
  const figures = rows.map((row) => `${span(row)}: ${percent(row.rankings.model?.recallAt20 ?? 0)} %`);
  const chart = lineChart({
    id: by,
    title,
    summary: `${BREAKDOWNS[by].axis}: Recall@20 of ${MODEL_NAME}. ${figures.join('; ')}.`,
    x: { name: BREAKDOWNS[by].axis, categories: rows.map(span) },
    y: { name: 'Recall@20 (%)', min: 0 },
    lines,
  });
  return figureOf({ title, chart });
}

function breakdownTable({ by, rows }: Breakdown): Html {
  const names = namesOf(rows);
  return tableOf({
    caption: `Recall@20 in percent, ${BREAKDOWNS[by].title}`,
    head: [BREAKDOWNS[by].head, 'Predictions', ...names.map(shownName)],
    rows: rows.map((row) => ({
      cells: [span(row), count(row.predictions), ...names.map((name) => recall(row.rankings[name]))],
    })),
  });
}

function recall(ranking: BreakdownRow['rankings'][string] | undefined): string {
  return ranking ? percent(ranking.recallAt20) : '';
}

/** Every name of any row, the model first. */
function namesOf(rows: readonly BreakdownRow[]): string[] {
  const names = new Set(rows.flatMap(({ rankings }) => Object.keys(rankings)));
  return [...names].sort((a, b) => Number(b === 'model') - Number(a === 'model'));
}

function shownName(name: string): string {
  return name === 'model' ? MODEL_NAME : name;
}

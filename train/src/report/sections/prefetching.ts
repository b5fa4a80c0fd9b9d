import type { Calibration } from '@pathcast/models/manifest';
import { lineChart } from '../charts/line-chart.ts';
import { figureOf, sectionOf, tableOf } from '../figure.ts';
import { figure, percent, share } from '../format.ts';
import type { Html } from '../html.ts';
import type { RunReport } from '../run-report.ts';

type ThresholdRow = Calibration['thresholds'][number];

/** What a site is advised to spend at most: wasted fetches a navigation. */
const WASTED_BUDGET = 0.3;

/** What a site gets, and what it costs, at each threshold; and the one that is recommended. */
export function prefetching({ calibration }: RunReport): Html | undefined {
  if (!calibration || calibration.thresholds.length === 0) return undefined;
  const chosen = chooseThreshold(calibration);
  return sectionOf({
    title: 'What prefetching would cost',
    lead: `What a site gets, and what it wastes, that fetches every page whose probability is at least a threshold. ${adviceOf(chosen)}`,
    charts: [precisionFigure(calibration, chosen), wasteFigure(calibration, chosen)],
    tables: [thresholdTable(calibration.thresholds, chosen)],
  });
}

/** The threshold of the largest coverage whose waste keeps within the budget, if there is one. */
export function chooseThreshold({ thresholds }: Calibration): ThresholdRow | undefined {
  return thresholds
    .filter(({ wasted }) => wasted <= WASTED_BUDGET)
    .reduce<ThresholdRow | undefined>(
      (best, row) => (best && best.coverage >= row.coverage ? best : row),
      undefined,
    );
}

function adviceOf(chosen: ThresholdRow | undefined): string {
  const budget = `${figure(WASTED_BUDGET)} wasted fetches a navigation`;
  if (!chosen) return `No threshold keeps within ${budget}.`;
  return `Chosen is ${figure(chosen.threshold)}, the largest coverage within ${budget}: ${share(chosen.coverage)} of navigations find their page fetched, ${share(chosen.precision)} of fetches are used, and ${chosen.wasted.toFixed(2)} a navigation are wasted.`;
}

function precisionFigure({ thresholds }: Calibration, chosen: ThresholdRow | undefined): Html {
  const pointOf = ({ coverage, precision }: ThresholdRow) => [coverage * 100, precision * 100] as const;
  const chart = lineChart({
    id: 'precision',
    title: 'Precision against coverage, by threshold',
    summary: summaryOf(chosen),
    x: { name: 'Coverage: navigations whose page was fetched (%)', min: 0 },
    y: { name: 'Precision: fetches that were used (%)', min: 0, max: 100 },
    lines: [
      {
        ...LINE,
        points: thresholds.map(pointOf),
        ...(chosen && { chosen: { point: pointOf(chosen), label: labelOf(chosen) } }),
      },
    ],
  });
  return figureOf({ title: 'Precision and coverage', chart });
}

function wasteFigure({ thresholds }: Calibration, chosen: ThresholdRow | undefined): Html {
  const pointOf = ({ wasted, coverage }: ThresholdRow) => [wasted, coverage * 100] as const;
  const chart = lineChart({
    id: 'waste',
    title: 'Coverage against wasted fetches a navigation, by threshold',
    summary: summaryOf(chosen),
    x: { name: 'Wasted fetches a navigation', min: 0 },
    y: { name: 'Coverage (%)', min: 0 },
    lines: [
      {
        ...LINE,
        points: thresholds.map(pointOf),
        ...(chosen && { chosen: { point: pointOf(chosen), label: labelOf(chosen), isLabelBelow: true } }),
      },
    ],
    limit: { x: WASTED_BUDGET, label: `budget ${figure(WASTED_BUDGET)}` },
  });
  return figureOf({ title: 'Coverage and waste', chart });
}

const LINE = { name: '', tone: 'model', marks: 0 } as const;

function labelOf({ threshold }: ThresholdRow): string {
  return `p ≥ ${figure(threshold)}`;
}

function summaryOf(chosen: ThresholdRow | undefined): string {
  if (!chosen) return 'No threshold is chosen.';
  const { threshold, coverage, precision, wasted } = chosen;
  return `Chosen is ${figure(threshold)}: coverage ${share(coverage)}, precision ${share(precision)}, ${wasted.toFixed(2)} wasted fetches a navigation.`;
}

function thresholdTable(thresholds: readonly ThresholdRow[], chosen: ThresholdRow | undefined): Html {
  return tableOf({
    caption: 'By threshold',
    head: ['Threshold', 'Precision (%)', 'Coverage (%)', 'Fetches a navigation', 'Wasted'],
    rows: thresholds.map((row) => ({
      cells: [
        row === chosen ? `${figure(row.threshold)}, chosen` : figure(row.threshold),
        percent(row.precision),
        percent(row.coverage),
        row.fetches.toFixed(2),
        row.wasted.toFixed(2),
      ],
      isMarked: row === chosen,
    })),
  });
}

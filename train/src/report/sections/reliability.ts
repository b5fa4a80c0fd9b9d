import type { Calibration } from '@pathcast/models/manifest';
import { lineChart } from '../charts/line-chart.ts';
import { figureOf, sectionOf, tableOf } from '../figure.ts';
import { count, figure, percent, share, signed } from '../format.ts';
import type { Html } from '../html.ts';
import type { RunReport } from '../run-report.ts';

type Bins = Calibration['bins'];

/** Whether a probability of 30 % comes true in three cases of ten. */
export function reliability({ calibration }: RunReport): Html | undefined {
  if (!calibration || calibration.bins.length === 0) return undefined;
  const { ece, eceRecurrent, temperature, bins } = calibration;
  const lead = `A stated probability should come true as often as it says. The likeliest page's differs by ${share(ece)} on average (expected calibration error); the recurrent model's alone, before its scores are divided by a temperature of ${figure(temperature)}, by ${share(eceRecurrent)}.`;
  return sectionOf({
    title: 'Whether its probabilities hold',
    lead,
    charts: [reliabilityFigure(bins)],
    tables: [binTable(bins)],
  });
}

function reliabilityFigure(bins: Bins): Html {
  const largest = Math.max(...bins.map((bin) => bin.count));
  const chart = lineChart({
    id: 'reliability',
    title: 'Reliability diagram: how often pages came next, against the probability stated',
    summary: `${bins.map((bin) => `stated ${percent(bin.predicted)} %, came next ${percent(bin.observed)} %`).join('; ')}.`,
    x: { name: 'Stated probability (%)', min: 0, max: 100 },
    y: { name: 'Came next (%)', min: 0, max: 100 },
    lines: [
      {
        name: 'ideal',
        tone: 'plain',
        isDashed: true,
        marks: 0,
        points: [
          [0, 0],
          [100, 100],
        ],
      },
      {
        name: '',
        tone: 'model',
        points: bins.map(({ predicted, observed }) => [predicted * 100, observed * 100]),
        // Area, not width, stands for the count: the eye compares areas.
        marks: bins.map((bin) => 5 + 13 * Math.sqrt(bin.count / largest)),
      },
    ],
  });
  return figureOf({
    title: 'Reliability diagram',
    chart,
    note: 'Larger marks stand for more predictions. Above the dashed line the model is too cautious, below it too sure.',
  });
}

function binTable(bins: Bins): Html {
  return tableOf({
    caption: 'By stated probability, in percent',
    head: ['Stated', 'Came next', 'Difference', 'Predictions'],
    rows: bins.map(({ predicted, observed, count: size }) => ({
      cells: [percent(predicted), percent(observed), signed(observed - predicted), count(size)],
    })),
  });
}

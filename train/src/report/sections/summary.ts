import type { Ranking } from '@pathcast/models/manifest';
import type { ModelSpec } from '@pathcast/models/spec';
import { keyFiguresOf } from '../figure.ts';
import { count, duration, figure, share } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { RunReport } from '../run-report.ts';
import { chooseThreshold } from './prefetching.ts';

/** What the model is, its result in a sentence, and the few figures that most readers come for. */
export function summary(report: RunReport): Html {
  const made = `${report.createdAt.slice(0, 16).replace('T', ' ')} UTC`;
  return html`<header>
<p class="kicker">Training report · version ${report.version} · ${made}</p>
<h1>${report.name}</h1>
<p class="what">${describeModel(report.spec)}</p>
${result(report)}
${keyFiguresOf(keyFigures(report))}
</header>`;
}

const CELL_NAMES = { simple: 'simple recurrent network', gru: 'GRU', lstm: 'LSTM' } as const;

/** The spec in a sentence. */
function describeModel(spec: ModelSpec): string {
  const { task, cell, layers, hiddenUnits, vocabularySize, steps } = spec;
  const stack = layers === 1 ? '' : `, ${layers} layers deep,`;
  // An LSTM, but a GRU.
  const network = `${cell === 'lstm' ? 'An' : 'A'} ${CELL_NAMES[cell]} of ${hiddenUnits} units${stack}`;
  const tokens = count(vocabularySize - 2);
  return task === 'next'
    ? `${network} that reads the newest ${steps} pages of a visit and ranks ${tokens} pages by how likely each is to come next.`
    : `${network} that labels each character of a text of up to ${steps} with one of ${tokens} labels.`;
}

function result({ spec, metrics }: RunReport): Html | undefined {
  if (!metrics) return undefined;
  const { model, on } = metrics;
  const predictions = count(model.predictions);
  if (spec.task === 'label') {
    return html`<p class="result">It gets <strong>${share(model.recallAt1)}</strong> of ${predictions} labels of the ${on} text right.</p>`;
  }
  const best = bestOf(metrics.baselines);
  const beside = best
    ? `; the best baseline, ${best.name}, has it there in ${share(best.ranking.recallAt20)}`
    : '';
  return html`<p class="result">The page that came next is among its first 20 in <strong>${share(model.recallAt20)}</strong> of ${predictions} ${on} predictions${beside}.</p>`;
}

function bestOf(baselines: Readonly<Record<string, Ranking>>) {
  const all = Object.entries(baselines).map(([name, ranking]) => ({ name, ranking }));
  return all.sort((a, b) => b.ranking.recallAt20 - a.ranking.recallAt20)[0];
}

function keyFigures({ spec, metrics, calibration, resources }: RunReport): [string, string][] {
  const chosen = calibration && chooseThreshold(calibration);
  const figures: [string, string | undefined][] = [
    ['Recall@20', spec.task === 'next' && metrics ? share(metrics.model.recallAt20) : undefined],
    ['MRR@20', spec.task === 'next' && metrics ? share(metrics.model.mrrAt20) : undefined],
    ['Calibration error', calibration && share(calibration.ece)],
    ['Prefetch from', chosen && `p ≥ ${figure(chosen.threshold)}`],
    ['Training time', resources && duration(resources.wallSeconds)],
  ];
  return figures.filter((known): known is [string, string] => known[1] !== undefined);
}

import { MIXED_PARTS, SUPPORT_BINS } from '@pathcast/models/predictor/mixture';
import { barChart } from '../charts/bar-chart.ts';
import { toneOf } from '../charts/tone.ts';
import { figureOf, sectionOf, tableOf } from '../figure.ts';
import { percent, span } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { RunReport } from '../run-report.ts';

/** A narrower part has no room for its figure; the table has it. */
const NARROWEST_LABELLED = 0.09;

interface MixtureRow {
  /** How often training saw the current page. */
  readonly from: number;
  readonly to: number | null;
  /** In the order of `MIXED_PARTS`, summing to 1. */
  readonly weights: readonly number[];
}

/** How much each part has to say, by how well training knew the current page. */
export function mixture({ mixtureWeights }: RunReport): Html | undefined {
  const rows = mixtureWeights ? rowsOf(mixtureWeights) : [];
  const parts = MIXED_PARTS.filter((_, part) => rows.some(({ weights }) => (weights[part] ?? 0) > 0));
  if (parts.length < 2) return undefined;
  const weightOf = ({ weights }: MixtureRow, part: (typeof parts)[number]) =>
    weights[MIXED_PARTS.indexOf(part)] ?? 0;
  const chart = barChart({
    id: 'mixture',
    title: 'Weights of the mixture by how often training saw the current page, in percent',
    summary: `${rows.map((row) => `${span(row)}: ${parts.map((part) => `${part} ${percent(weightOf(row, part))}`).join(', ')}`).join('; ')}.`,
    rows: rows.map((row) => ({
      name: span(row),
      parts: parts.map((part) => {
        const value = weightOf(row, part);
        return { value, tone: toneOf(part), label: value < NARROWEST_LABELLED ? '' : percent(value, 0) };
      }),
    })),
    max: 1,
  });
  const table = tableOf({
    caption: 'In percent, by how often training saw the current page',
    head: ['Times seen', ...parts],
    rows: rows.map((row) => ({ cells: [span(row), ...parts.map((part) => percent(weightOf(row, part)))] })),
  });
  return sectionOf({
    title: 'What the probability is mixed of',
    lead: 'The served probability is a weighted mean of its parts. The weights are fitted on held-out sessions, by how often training saw the current page; a part that knows nothing of a visit leaves its weight to the others.',
    charts: [figureOf({ title: 'Weight of each part (%)', chart, note: keyOf(parts) })],
    tables: [table],
  });
}

/** A row a support bin, neighbouring ones that read the same put together: bins that few pages fall in are alike. */
function rowsOf(all: Float32Array): MixtureRow[] {
  const rows: MixtureRow[] = [];
  for (let bin = 0; bin < SUPPORT_BINS; bin++) {
    const weights = Array.from(MIXED_PARTS, (_, part) => all[bin * MIXED_PARTS.length + part] ?? 0);
    const to = bin === SUPPORT_BINS - 1 ? null : 2 ** bin - 1;
    const before = rows.at(-1);
    if (before && reads(before.weights) === reads(weights)) rows[rows.length - 1] = { ...before, to };
    else rows.push({ from: bin === 0 ? 0 : 2 ** (bin - 1), to, weights });
  }
  return rows;
}

function reads(weights: readonly number[]): string {
  return weights.map((weight) => percent(weight)).join(' ');
}

function keyOf(names: readonly string[]): Html {
  return html`${names.map((name) => html`<span class="key-${toneOf(name)}">${name}</span>`)}`;
}

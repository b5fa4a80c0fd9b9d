import type { BreakdownRow, Metrics, Ranking } from '@pathcast/models/manifest';
import Table from 'cli-table3';

/** The served model beneath its baselines and its parts, in percent, and how sure the figures are. */
export function metricsTable(metrics: Metrics, name = 'pathcast'): string {
  const { on, model, baselines, parts = {} } = metrics;
  const rows = [...Object.entries(baselines), ...Object.entries(parts), [name, model] as const];
  const table = createTable(
    [`${model.predictions.toLocaleString('en')} predictions (${on})`, ...HEAD],
    rows.map(([row, { recallAt1, recallAt5, recallAt20, mrrAt20 }]) => [
      row,
      ...[recallAt1, recallAt5, recallAt20, mrrAt20].map(percent),
    ]),
  );
  return [table, ...certainty(metrics)].join('\n');
}

const HEAD = ['recall@1', 'recall@5', 'recall@20', 'MRR@20'];

/** Recall@20 and MRR@20 of every ranking, in percent, a line a row of a breakdown. */
export function breakdownTable(title: string, rows: readonly BreakdownRow[]): string {
  const names = Object.keys(rows[0]?.rankings ?? {});
  return createTable(
    [`recall@20 / MRR@20 by ${title}`, 'predictions', ...names],
    rows.map(({ from, to, predictions, rankings }) => [
      rangeName(from, to),
      predictions.toLocaleString('en'),
      ...names.map((name) => both(rankings[name])),
    ]),
  );
}

function createTable(head: string[], rows: string[][]): string {
  const table = new Table({
    head,
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  table.push(...rows);
  return table.toString();
}

const MEASURES = [
  ['recallAt20', 'recall@20'],
  ['mrrAt20', 'MRR@20'],
] as const;

/** A line a measure: its 95 % interval, and that of the difference to the best baseline. */
function certainty({ model, difference }: Metrics): string[] {
  const { interval95 } = model;
  if (!interval95) return [];
  return MEASURES.map(([measure, name]) => {
    const alone = `  95 % interval  ${name} ${interval95[measure].map(percent).join(' to ')}`;
    const found = difference?.[measure];
    if (!found) return alone;
    const [low, high] = found.interval95.map(signed);
    return `${alone}; ${signed(found.difference)} over ${found.baseline}, ${low} to ${high}`;
  });
}

function rangeName(from: number, to: number | null): string {
  if (to === null) return `${from.toLocaleString('en')} and more`;
  return from === to
    ? from.toLocaleString('en')
    : `${from.toLocaleString('en')} to ${to.toLocaleString('en')}`;
}

function both(ranking: Pick<Ranking, 'recallAt20' | 'mrrAt20'> | undefined): string {
  return ranking ? `${percent(ranking.recallAt20)} / ${percent(ranking.mrrAt20)}` : '';
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}

function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

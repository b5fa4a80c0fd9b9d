import type { Manifest, Ranking } from '@pathcast/models/manifest';
import Table from 'cli-table3';

/** The model beside its baselines, in percent. */
export function metricsTable(metrics: NonNullable<Manifest['metrics']>): string {
  const table = new Table({
    head: [`${metrics.model.predictions.toLocaleString('en')} predictions (${metrics.on})`, ...HEAD],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const [name, ranking] of Object.entries(metrics.baselines)) table.push([name, ...cells(ranking)]);
  table.push(['pathcast', ...cells(metrics.model)]);
  return table.toString();
}

const HEAD = ['recall@1', 'recall@5', 'recall@20', 'MRR@20'];

function cells({ recallAt1, recallAt5, recallAt20, mrrAt20 }: Ranking): string[] {
  return [recallAt1, recallAt5, recallAt20, mrrAt20].map((share) => (share * 100).toFixed(1));
}

import type { Metrics } from '@pathcast/models/manifest';
import { lastLine, measureScript } from './measure.ts';
import { atLeast, figure, type Row } from './report.ts';
import { readManifest } from './served.ts';

export interface Trained {
  /** Of the version. */
  readonly folder: string;
  readonly metrics: Metrics;
  /** Of the whole run. */
  readonly cpuSeconds: number;
}

/** Runs `train -- navigation` with no option but its files, and reads what the manifest says. */
export async function trainNavigation(files: { data: string; test?: string; out: string }): Promise<Trained> {
  const args = ['navigation', ...Object.entries(files).flatMap(([name, path]) => [`--${name}`, path])];
  const { stdout, cpuSeconds } = await measureScript('train/src/main.ts', args);
  const folder = lastLine(stdout);
  const { metrics } = await readManifest(folder);
  if (!metrics) throw new Error('the manifest has no metrics');
  return { folder, metrics, cpuSeconds };
}

type Bars = Record<string, { recallAt20: number; mrrAt20: number }>;

/**
 * Recall@20 and MRR@20 of the served mixture, of each of its parts and of each baseline, from the manifest.
 * @param bars by the name of the row: `mixture`, `recurrent`, ….
 */
export function rankingRows({ model, parts, baselines }: Metrics, bars: Bars): Row[] {
  const ranked = { mixture: model, ...parts, ...baselines };
  for (const name of Object.keys(bars)) if (!(name in ranked)) throw new Error(`nothing ranked is a ${name}`);
  return Object.entries(ranked).flatMap(([name, { recallAt20, mrrAt20 }]) => {
    const bar = bars[name];
    return [
      bar
        ? atLeast(`recall@20, ${name}`, recallAt20, bar.recallAt20)
        : figure(`recall@20, ${name}`, recallAt20),
      bar ? atLeast(`MRR@20, ${name}`, mrrAt20, bar.mrrAt20) : figure(`MRR@20, ${name}`, mrrAt20),
    ];
  });
}

/** The served mixture beside the best baseline, which it must not fall short of beyond the difference's 95 % interval. */
export function differenceRows(set: string, { model, baselines, difference }: Metrics): Row[] {
  if (!difference) throw new Error(`${set}: too few sessions are held out to tell a difference`);
  const measures = [
    ['recall@20', 'recallAt20'],
    ['MRR@20', 'mrrAt20'],
  ] as const;
  return measures.flatMap(([measure, key]) => {
    const { baseline, difference: mean, interval95 } = difference[key];
    const [low, high] = interval95;
    const above = `${set}: ${measure}, mixture less ${baseline}`;
    return [
      figure(`${set}: ${measure}, mixture`, model[key]),
      figure(`${set}: ${measure}, best baseline, ${baseline}`, baselines[baseline]?.[key] ?? Number.NaN),
      figure(above, mean),
      figure(`${above}, lower end of its 95 % interval`, low),
      atLeast(`${above}, upper end`, high, 0),
    ];
  });
}

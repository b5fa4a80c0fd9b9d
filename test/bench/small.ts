import { join } from 'node:path';
import { dataFile } from '../support/data.ts';
import { inTemporaryFolder, measureScript } from './measure.ts';
import { type Bench, figure, type Row } from './report.ts';
import { differenceRows, trainNavigation } from './trained.ts';

/** Little data, where a site must never get less than the best baseline gives: on sessions held out. */
export const small: Bench = {
  title: 'Small sites: the served mixture beside the best baseline, on sessions held out',
  run: () =>
    inTemporaryFolder(async (folder) => {
      const log = dataFile('access-log/combined.log.gz');
      if (!log) throw new Error('this bench needs the Apache log (access-log) in PATHCAST_DATA');
      const sample = join(folder, 'sample.txt');
      await measureScript('train/src/main.ts', ['sample', '--out', sample]);
      return [
        ...(await siteRows('sample site', { data: sample, out: join(folder, 'sample') })),
        ...(await siteRows('Apache log', { data: log, out: join(folder, 'log') })),
      ];
    }),
};

async function siteRows(set: string, files: { data: string; out: string }): Promise<Row[]> {
  const { metrics, cpuSeconds } = await trainNavigation(files);
  return [
    figure(`${set}: whole run, CPU`, cpuSeconds, 's'),
    figure(`${set}: predictions`, metrics.model.predictions),
    ...differenceRows(set, metrics),
  ];
}

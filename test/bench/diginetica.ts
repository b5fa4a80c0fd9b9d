import { dataFile } from '../support/data.ts';
import { inTemporaryFolder } from './measure.ts';
import { atMost, type Bench, figure } from './report.ts';
import { rankingRows, trainNavigation } from './trained.ts';

const BARS = {
  mixture: { recallAt20: 0.525, mrrAt20: 0.176 },
  recurrent: { recallAt20: 0.505, mrrAt20: 0.17 },
};

/** Trains on Diginetica, the SR-GNN split, and reads what the manifest says of the test sessions. */
export const diginetica: Bench = {
  title: 'Diginetica, the SR-GNN split: trained with no option but the two files',
  run: () =>
    inTemporaryFolder(async (out) => {
      const data = dataFile('diginetica/train.txt.gz');
      const test = dataFile('diginetica/test.txt.gz');
      if (!data || !test) throw new Error('this bench needs Diginetica (diginetica) in PATHCAST_DATA');
      const { metrics, cpuSeconds } = await trainNavigation({ data, test, out });
      return [
        atMost('whole run, CPU', cpuSeconds / 60, 25, 'min'),
        figure('predictions', metrics.model.predictions),
        ...rankingRows(metrics, BARS),
      ];
    }),
};

import { CELLS } from '@pathcast/models/spec';
import { inTemporaryFolder, measureScript } from './measure.ts';
import { atMost, type Bench, type Row } from './report.ts';

/** The CPU time of a whole `npm run train -- hihello`: 1,000 iterations, export included. */
export const hihello: Bench = {
  title: 'CPU time of training hihello, 1,000 iterations, whole run',
  run: () =>
    inTemporaryFolder(async (out) => {
      const rows: Row[] = [];
      for (const cell of CELLS) {
        const { cpuSeconds } = await measureScript('train/src/main.ts', [
          'hihello',
          '--cell',
          cell,
          '--out',
          out,
        ]);
        rows.push(atMost(`${cell}, CPU`, cpuSeconds, 15, 's'));
      }
      return rows;
    }),
};

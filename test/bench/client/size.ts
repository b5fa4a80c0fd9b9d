import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ensureBuilt } from '@pathcast/worker/scripts/ensure-built';
import { budgetsOf, bundlePage } from '../../client/sizes.ts';
import { ROOT } from '../measure.ts';
import { atMost, type Bench, figure, type Row } from '../report.ts';

/** What the client costs a page before anything loads lazily, as esbuild bundles and minifies it. */
export const clientSize: Bench = {
  title: 'The client in a page, minified by esbuild, gzip -9; 1 kB is 1,000 bytes',
  async run() {
    await ensureBuilt();
    const folder = import.meta.dirname;
    const client = join(ROOT, 'client');
    const rows: Row[] = [];
    for (const budget of await budgetsOf(client)) {
      const { bytes, laterBytes } = await bundlePage(budget, folder);
      rows.push(atMost(budget.what, bytes / 1000, budget.bytes / 1000, 'kB'));
      if (budget.what === 'root and prefetch')
        rows.push(figure('what prefetch loads later, where it may fetch', laterBytes / 1000, 'kB'));
    }
    const whole = await readFile(join(client, 'dist/browser/pathcast.js'));
    rows.push(
      figure(
        'dist/browser/pathcast.js, every error by name',
        gzipSync(whole, { level: 9 }).length / 1000,
        'kB',
      ),
    );
    return rows;
  },
};

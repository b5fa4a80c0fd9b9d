import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../support/models.ts';
import { inTemporaryFolder, measureScript } from '../measure.ts';
import { atMost, figure, type Row } from '../report.ts';
import { pickPage } from './catalogue.ts';
import type { Effort } from './effort.ts';

/** Sessions at the end that are held out: few, since each of their steps ranks every page. */
const HELD = 300;
/** Visited again and again; the other pages are seen once. */
const POPULAR = 2000;

const LIMIT_GB = 2;

/** Resident memory at so many pages: of the trainer alone, and of the whole command. */
export async function memoryRows(pages: number, { steps }: Effort): Promise<Row[]> {
  const { peakBytes } = await measureScript('test/bench/training/in-trainer.ts', [`${pages}`, `${steps}`]);
  const what = `${pages.toLocaleString('en')} pages, 100 units, tied, the trainer alone: resident at most`;
  return [atMost(what, peakBytes / 1e9, LIMIT_GB, 'GB'), ...(await commandRows(pages))];
}

/** Reading, both fits, the mixture, the metrics beside their baselines, and the export. */
function commandRows(pages: number): Promise<Row[]> {
  return inTemporaryFolder(async (folder) => {
    const data = join(folder, 'sessions.txt');
    const sessions = await writeSessions(data, pages);
    const args = ['navigation', '--data', data, '--out', folder, '--backend', 'wasm', '--epochs', '1'];
    args.push('--held-out', String(HELD / sessions), '--negatives', '2048', '--batch-size', '128');
    const { peakBytes, cpuSeconds } = await measureScript('train/src/main.ts', args);
    const what = `${pages.toLocaleString('en')} pages, 100 units, tied, the whole command`;
    return [
      atMost(`${what}: resident at most`, peakBytes / 1e9, LIMIT_GB, 'GB'),
      figure(`${what}, two epochs in all: CPU`, cpuSeconds / 60, 'min'),
    ];
  });
}

/**
 * Writes sessions of a popular page among four that no other session has, and at the end some of popular pages alone, so
 * that those held out are of pages that training saw.
 * @returns how many sessions.
 */
async function writeSessions(path: string, pages: number): Promise<number> {
  const random = seededRandom(5);
  const out = createWriteStream(path);
  const popular = () => `/popular/${pickPage(POPULAR, random)}`;
  const own = Math.ceil((pages - POPULAR) / 4);
  for (let session = 0; session < own; session++) {
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => `/page/${session * 4 + i}`);
    if (!out.write(`${a} ${b} ${popular()} ${c} ${d}\n`)) await once(out, 'drain');
  }
  for (let session = 0; session < HELD; session++) out.write(`${popular()} ${popular()} ${popular()}\n`);
  out.end();
  await once(out, 'finish');
  return own + HELD;
}

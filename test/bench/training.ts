import { loadBackend } from '@pathcast/train/backends/backend';
import type { Bench } from './report.ts';
import { diginetica } from './training/catalogue.ts';
import { EFFORT } from './training/effort.ts';
import { layersRows } from './training/layers.ts';
import { memoryRows } from './training/memory.ts';
import { tutorialRows } from './training/rows.ts';
import { catalogueRows, workerRows } from './training/speed.ts';

/** How fast training is, what it takes at a million pages, and what it spares beside other ways. */
export const training: Bench = {
  title:
    'Training on wasm: GRU 100 unless said, tied, normalised, 2,048 negatives, batch 128, one worker unless said',
  async run() {
    await loadBackend('wasm');
    const catalogue = await diginetica();
    return [
      ...(await workerRows(catalogue, EFFORT)),
      ...(await catalogueRows(EFFORT)),
      ...(await layersRows(catalogue, EFFORT)),
      ...(await tutorialRows()),
      ...(await memoryRows(EFFORT.pages.many, EFFORT)),
    ];
  },
};

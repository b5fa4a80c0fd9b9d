import { readSetup } from '@pathcast/train/backends/installed';
import { productRows } from './backends/products.ts';
import { stepRows } from './backends/steps.ts';
import type { Bench } from './report.ts';

/** What each backend makes of training: events a second side by side, where a step's time goes, and wasm's products. */
export const backends: Bench = {
  title: 'Training on native beside wasm, Diginetica: GRU 100, tied, 2,048 negatives, batch 128; no GPU',
  async run() {
    if (!readSetup('native')) throw new Error('this bench needs the native backend: npm run setup:native');
    const products = await productRows(); // first: it measures wasm's own kernels before ours take their place
    return [...(await stepRows()), ...products];
  },
};

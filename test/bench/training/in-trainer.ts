import { loadBackend } from '@pathcast/train/backends/backend';
import { LoneCrew } from '@pathcast/train/fit/crew';
import { generatedCatalogue } from './catalogue.ts';
import { paceOf } from './pace.ts';
import { workFor } from './work.ts';

/** `tsx test/bench/training/in-trainer.ts PAGES STEPS`: takes some steps over a generated catalogue, and prints their time, in ms. */
const [pages, steps] = process.argv.slice(2).map(Number);
await loadBackend('wasm');
const work = workFor(generatedCatalogue({ pages: pages ?? 0, sessions: 40_000 }));
const { stepMs } = await paceOf(new LoneCrew(work), 0, steps ?? 0);
// An epoch writes every page's sums; memory that nothing has written is not resident.
work.state.accumulators.inputRows.fill(1);
process.stdout.write(`${stepMs}\n`);

import { defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';

/** `tsx test/bench/data/in-duckdb.ts PATH`: prints what `readDataset` made of a log, and how long it took, in s. */
const started = performance.now();
const { report } = await readDataset(defaultDataOptions(process.argv[2] ?? ''));
const seconds = (performance.now() - started) / 1000;
const { count, events, pages } = report.sessions;
const [pairs, top] = [report.lengths[0]?.sessions, report.topPages[0]?.events];
process.stdout.write(
  `${JSON.stringify({ seconds, lines: report.rows.kept, count, events, pages, pairs, top })}\n`,
);

import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { Bench } from './report.ts';

/** What `edge` measures, each by itself: `edge-speed`, …. */
const EDGE_PARTS = [
  'speed',
  'memory',
  'neighbours',
  'large',
  'agreement',
  'served',
  'swap',
  'size',
  'projection',
] as const;

/** What `client` runs, in this order, and each by itself. */
const CLIENT_PARTS: Record<string, () => Promise<Bench>> = {
  'client-size': async () => (await import('./client/size.ts')).clientSize,
  'client-load': async () => (await import('./client/load.ts')).load,
  'client-waste': async () => (await import('./client/waste.ts')).waste,
  'client-personal': async () => (await import('./client/personal.ts')).personal,
  'client-fine-tune': async () => (await import('./client/fine-tune.ts')).clientFineTune,
};

const BENCHES: Record<string, () => Promise<Bench>> = {
  backends: async () => (await import('./backends.ts')).backends,
  client: async () => {
    const parts = await Promise.all(Object.values(CLIENT_PARTS).map((load) => load()));
    return (await import('./client.ts')).clientBench(parts);
  },
  ...CLIENT_PARTS,
  data: async () => (await import('./data.ts')).data,
  edge: async () => (await import('./edge.ts')).edge,
  ...Object.fromEntries(
    EDGE_PARTS.map((part) => [`edge-${part}`, async () => (await import('./edge.ts')).edgePart(part)]),
  ),
  diginetica: async () => (await import('./diginetica.ts')).diginetica,
  hihello: async () => (await import('./hihello.ts')).hihello,
  recall: async () => (await import('./recall.ts')).recall,
  small: async () => (await import('./small.ts')).small,
  start: async () => (await import('./start.ts')).start,
  training: async () => (await import('./training.ts')).training,
  tutorial: async () => (await import('./tutorial.ts')).tutorial,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const [name = ''] = positionals;
const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (!load) {
  process.stderr.write(
    `pathcast: there is no bench "${name}"; there are ${Object.keys(BENCHES).join(', ')}\n`,
  );
  process.exitCode = 1;
} else {
  const bench = await load();
  if (!values.json) process.stdout.write(`${bench.title}\n`);
  const rows = await bench.run();
  if (values.json) process.stdout.write(`${JSON.stringify({ name, rows })}\n`);
  else {
    const table = new Table({
      head: ['what', 'value', 'unit', 'bar', ''],
      colAligns: ['left', 'right', 'left', 'left', 'left'],
      style: { head: [], border: [] },
      chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    });
    for (const { what, value, unit, bar, holds } of rows) {
      table.push([what, readable(value), unit, bar, bar ? (holds ? 'holds' : 'MISSED') : '']);
    }
    process.stdout.write(`${table}\n`);
  }
  if (rows.some(({ holds }) => !holds)) process.exitCode = 1;
}

/** Four significant digits; whole numbers in full. */
function readable(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : Number(value.toPrecision(4)).toString();
}

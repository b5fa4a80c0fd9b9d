import { loadBackend } from '@pathcast/train/backends/backend';
import { agreementRows } from './edge/agreement.ts';
import { largeRows, projectionRows } from './edge/catalogues.ts';
import { memoryRows } from './edge/memory.ts';
import { neighbourRows } from './edge/neighbours.ts';
import { servedRows } from './edge/served.ts';
import { sizeRows } from './edge/size.ts';
import { speedRows } from './edge/speed.ts';
import { swapRows } from './edge/swap.ts';
import type { Bench, Row } from './report.ts';

const SUBJECTS = {
  speed: speedRows,
  memory: memoryRows,
  neighbours: neighbourRows,
  large: largeRows,
  agreement: agreementRows,
  served: servedRows,
  swap: swapRows,
  size: sizeRows,
  projection: projectionRows,
} satisfies Record<string, () => Promise<Row[]>>;

/** The kernel and the Worker around it on workerd itself; what is timed inside is repeated within a request. */
export const edge: Bench = {
  title: 'The edge, on workerd: predictions, memory, agreement with float32, the Worker over HTTP',
  run: () => rowsOf(Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[]), // its own keys
};

/** One subject of {@link edge}, by itself. */
export function edgePart(subject: keyof typeof SUBJECTS): Bench {
  return { title: `The edge, on workerd: ${subject}`, run: () => rowsOf([subject]) };
}

async function rowsOf(subjects: readonly (keyof typeof SUBJECTS)[]): Promise<Row[]> {
  await loadBackend('wasm'); // layers models are described by tfjs itself
  const rows: Row[] = [];
  for (const subject of subjects) rows.push(...(await SUBJECTS[subject]()));
  return rows;
}

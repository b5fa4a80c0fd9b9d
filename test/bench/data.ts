import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Shape } from '../support/in-node.ts';
import { generateEvents, SHAPES } from './data/generate.ts';
import { inTemporaryFolder, measureScript, median } from './measure.ts';
import { atLeast, atMost, type Bench, figure, type Row } from './report.ts';

const MANY = 20_000_000;
const SOME = 2_000_000;
const TURNS = 3;

/** From generated logs to sessions: 20 million events of each shape, and 2 million beside Node streams and a Map. */
export const data: Bench = {
  title: 'Generated logs into sessions, each run in a process of its own',
  run: () =>
    inTemporaryFolder(async (folder) => {
      const rows: Row[] = [];
      for (const shape of SHAPES) {
        const path = join(folder, `events.${shape}`);
        await generateEvents(path, shape, SOME);
        rows.push(...(await beside(path, shape)));
        await generateEvents(path, shape, MANY);
        rows.push(...(await alone(path, shape)));
        await rm(path);
      }
      return rows;
    }),
};

const NAMES: Record<Shape, string> = { csv: 'CSV of sessions', log: 'combined log' };

/** The whole command, as a user runs it. */
async function alone(path: string, shape: Shape): Promise<Row[]> {
  const args = ['inspect', '--json', '--data', path];
  const { seconds, peakBytes } = await measureScript('train/src/main.ts', args);
  const what = `${MANY / 1e6} million lines, ${NAMES[shape]}`;
  return [
    atMost(`${what}: time`, seconds, 180, 's'),
    figure(`${what}: speed`, Math.round(MANY / seconds), 'events/s'),
    atMost(`${what}: resident at most`, peakBytes / 1e9, 3, 'GB'),
  ];
}

/** Ours and Node's in turns, so that noise falls on both; the first turn of each warms the file cache. */
async function beside(path: string, shape: Shape): Promise<Row[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let turn = 0; turn <= TURNS; turn++) {
    const mine = await timed('test/bench/data/in-duckdb.ts', path, shape);
    const other = await timed('test/bench/data/in-node.ts', path, shape);
    if (mine.found !== other.found)
      throw new Error(`DuckDB found ${mine.found} in ${path}, Node ${other.found}`);
    if (turn === 0) continue;
    ours.push(mine.seconds);
    theirs.push(other.seconds);
  }
  const what = `${SOME / 1e6} million lines, ${NAMES[shape]}`;
  return [
    figure(`${what}: time`, median(ours), 's'),
    figure(`${what}: time with Node streams and a Map`, median(theirs), 's'),
    atLeast(`${what}: times as fast as Node`, median(theirs) / median(ours), 3),
  ];
}

/** Runs a script that times its own reading: loading modules is no part of it. */
async function timed(
  script: string,
  path: string,
  shape: Shape,
): Promise<{ seconds: number; found: string }> {
  const { stdout } = await measureScript(script, [path, shape]);
  const { seconds, ...found } = JSON.parse(stdout) as { seconds: number }; // our own script's words
  return { seconds, found: JSON.stringify(found) };
}

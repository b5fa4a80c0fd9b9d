import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';
import { serve } from '@pathcast/worker/scripts/server';
import { choosePages, chooseThreshold } from '../../../client/src/prefetch/choose.ts';
import { dataFile } from '../../support/data.ts';
import { lastLine, measureScript, ROOT } from '../measure.ts';
import { atMost, type Bench, figure, type Row } from '../report.ts';
import { askWorker, readManifest } from '../served.ts';
import { follow, type Replay, replay } from './replay.ts';

const BUDGET = 0.3;
const BAR = 0.33;
/** As the client asks. */
const TOP = 10;
/** Guess.js fetches what its transitions give at least this probability, by the connection's type. */
const GUESS = { '4G': 0.15, '3G': 0.3 };
/** Thresholds at which transitions are tried for no more waste than ours. */
const GRID = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

/** What is fetched in vain, and what is served, on replayed sessions. */
export const waste: Bench = {
  title: 'YooChoose 100k, test sessions replayed: what the client would fetch, and what visitors open',
  run: wasteRows,
};

/**
 * Replays YooChoose's test sessions: what is fetched at each page, and whether the next page is among it. A click on the
 * page that is already open is no navigation, so both files are read with `--fold-repeats`, as logs are; the last rows
 * show what comes of the files as they are.
 */
async function wasteRows(): Promise<Row[]> {
  const files = { train: dataFile('rsc15-100k/train.tsv.gz'), test: dataFile('rsc15-100k/test.tsv.gz') };
  const { train, test } = files;
  if (!train || !test) throw new Error('this bench needs YooChoose 100k (rsc15-100k) in PATHCAST_DATA');
  const folded = await read(test, true);
  const ours = await replayServed({ train, sessions: folded, foldRepeats: true });
  const transitions = follow(await read(train, true));
  const byTransitions = (threshold: number) =>
    replay(
      folded.map((session) => session.map((page) => transitions(page))),
      folded,
      (next, open) => next.filter(({ page, probability }) => probability >= threshold && page !== open),
    );
  const frugal = GRID.map(byTransitions).find(({ wasted }) => wasted <= ours.wasted);
  const always = replay(ours.answers, folded, (next, open) => choosePages(next, 0, open, (page) => page));
  const asIs = await replayServed({ train, sessions: await read(test, false), foldRepeats: false });
  return [
    figure('navigations replayed', ours.navigations),
    ...rows(`pathcast, budget ${BUDGET}`, ours, BAR),
    atMost(`pathcast, budget ${BUDGET}: wasted a page opened, last pages too`, ours.wastedAPage, BAR),
    ...Object.entries(GUESS).flatMap(([type, threshold]) =>
      rows(`transitions at ${threshold}, as Guess.js on ${type}`, byTransitions(threshold)),
    ),
    ...(frugal ? rows('transitions, where they waste no more than pathcast', frugal) : []),
    ...rows('always the top 3', always),
    ...rows(`files as they are, pathcast, budget ${BUDGET}`, asIs, BAR),
  ];
}

function rows(what: string, { wasted, served }: Replay, bar?: number): Row[] {
  const name = `${what}: wasted fetches a navigation`;
  return [
    bar === undefined ? figure(name, wasted) : atMost(name, wasted, bar),
    figure(`${what}: navigations served`, served * 100, '%'),
  ];
}

/** Asks the trained model on workerd at every page, and chooses as the client does. */
async function replayServed(options: { train: string; sessions: string[][]; foldRepeats: boolean }) {
  const { sessions } = options;
  const { out, folder } = await trainedOn(options);
  const { calibration } = await readManifest(folder);
  const threshold = chooseThreshold(calibration?.thresholds ?? [], BUDGET);
  const server = await serve({ artifacts: out });
  try {
    const histories = sessions.flatMap((session) => session.map((_, i) => session.slice(0, i + 1)));
    const flat = await askWorker(server.url, 'navigation', histories, { top: TOP });
    const answers = sessions.map((session) => flat.splice(0, session.length));
    const choose = (next: Parameters<typeof choosePages>[0], open: string | undefined) =>
      choosePages(next, threshold, open, (page) => page);
    return { answers, ...replay(answers, sessions, choose) };
  } finally {
    await server.stop();
  }
}

/** Trains once, with the fixed seed, and keeps the model for the next run. */
async function trainedOn({ train, foldRepeats }: { train: string; foldRepeats: boolean }) {
  const out = join(ROOT, `.cache/bench/yoochoose${foldRepeats ? '-folded' : ''}`);
  const pointer = join(out, 'navigation/current.json');
  if (existsSync(pointer)) {
    const { version }: { version: string } = JSON.parse(await readFile(pointer, 'utf8'));
    return { out, folder: join(out, 'navigation', version) };
  }
  process.stderr.write(`  training on YooChoose 100k, into ${out}\n`);
  const args = ['navigation', '--data', train, '--out', out, ...(foldRepeats ? ['--fold-repeats'] : [])];
  const { stdout } = await measureScript('train/src/main.ts', args);
  return { out, folder: lastLine(stdout) };
}

async function read(data: string, foldRepeats: boolean): Promise<string[][]> {
  const { sessions } = await readDataset({ ...defaultDataOptions(data), foldRepeats });
  return [...sessions].map((session) => [...session]);
}

import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ARTIFACT } from '@pathcast/models/artifacts';
import { parseVocabulary } from '@pathcast/models/vocabulary';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { readDataset } from '@pathcast/train/data/read';
import { currentVersion } from '@pathcast/train/export/current-version';
import { serve } from '@pathcast/worker/scripts/serve';
import { dataFile } from '../../support/data.ts';
import { DIGINETICA, trainedVersion } from '../edge/agreement.ts';
import { ROOT } from '../measure.ts';
import { atLeast, atMost, type Bench, figure, type Row } from '../report.ts';
import { readManifest } from '../served.ts';
import { trainNavigation } from '../trained.ts';
import {
  type Answers,
  answersFor,
  CUTOFF,
  likelihoodGain,
  type Outcome,
  replay,
  withInterval,
} from './returning.ts';
import { VISITS, type Visitor, visitorGroups } from './visitors.ts';

const YOOCHOOSE = join(ROOT, '.cache/bench/yoochoose-100k');
const KS = [1, 2, 3, 5, 10, 20];
/** Fetches a navigation that a site lets go to waste. */
const BUDGET = 0.3;
/** Of the groups, in points: a returning visitor with habits gains so much; nobody loses more than a point. */
const BARS: Record<string, number> = {
  'own habits in 1 visit of 2': 10,
  'own habits in 2 visits of 3': 10,
  changed: -1,
  crowd: -1,
  newcomers: -1,
};
/** Wasted fetches a navigation, at most. */
const WASTE_BAR = 0.33;

/**
 * Returning visitors, made of test sessions, over HTTP's answers of a trained model on workerd. What is chosen is chosen on every second
 * session, what is reported is of the others.
 */
export const personal: Bench = {
  title: `recall@${CUTOFF} of returning visitors, personal beside base, replayed online`,
  run: async () => [...(await yoochooseRows()), ...(await digineticaRows())],
};

async function yoochooseRows(): Promise<Row[]> {
  const data = dataFile('rsc15-100k/train.tsv.gz');
  const test = dataFile('rsc15-100k/test.tsv.gz');
  if (!data || !test) throw new Error('this bench needs YooChoose 100k (rsc15-100k) in PATHCAST_DATA');
  const model = join(YOOCHOOSE, 'navigation');
  if (!existsSync(join(model, 'current.json'))) {
    process.stderr.write('  personal: training on YooChoose 100k, once\n');
    await mkdir(YOOCHOOSE, { recursive: true });
    await trainNavigation({ data, test, out: YOOCHOOSE });
  }
  return rowsOf('YooChoose', {
    artifacts: YOOCHOOSE,
    folder: join(model, await currentVersion(model)),
    test,
  });
}

async function digineticaRows(): Promise<Row[]> {
  const data = dataFile('diginetica/train.txt.gz');
  const test = dataFile('diginetica/test.txt.gz');
  if (!data || !test) throw new Error('this bench needs Diginetica (diginetica) in PATHCAST_DATA');
  return rowsOf('Diginetica', { artifacts: DIGINETICA, folder: await trainedVersion(data), test });
}

/** @param at the served folder, the version in it, and the file of test sessions. */
async function rowsOf(
  set: string,
  { artifacts, folder, test }: { artifacts: string; folder: string; test: string },
): Promise<Row[]> {
  const { tokens } = parseVocabulary(await readFile(join(folder, ARTIFACT.vocabulary), 'utf8'));
  const { sessions } = await readDataset(defaultDataOptions(test));
  const whole = [...sessions].filter((session) => session.length > 1);
  const half = (which: number) =>
    visitorGroups({ sessions: whole.filter((_, i) => i % 2 === which), pages: tokens }, which + 1);
  const threshold = await thresholdFor(folder);
  const choosing = half(0);
  const reported = half(1);
  const everyone = [choosing, reported].flatMap((groups) => Object.values(groups).flat());
  const server = await serve({ artifacts, port: 0, isQuiet: true });
  const answers = await answersFor(server.url, everyone).finally(server.stop);
  const rows = chosenRows(set, choosing, answers);
  for (const [group, visitors] of Object.entries(reported)) {
    const from = group === 'changed' ? VISITS / 2 : 0;
    const outcomes: Outcome[] = [];
    for (const visitor of visitors) outcomes.push(await replay(visitor, answers, { threshold, from }));
    rows.push(...groupRows(`${set}, ${group}`, outcomes, BARS[group]));
  }
  return rows;
}

/** Of the manifest's table, the lowest threshold within the budget. */
async function thresholdFor(folder: string): Promise<number> {
  const { calibration } = await readManifest(folder);
  const within = (calibration?.thresholds ?? []).filter(({ wasted }) => wasted <= BUDGET);
  return Math.min(...within.map(({ threshold }) => threshold));
}

/** By which k was chosen: newcomers, who have most to lose, gain most. */
function chosenRows(set: string, groups: Record<string, readonly Visitor[]>, answers: Answers): Row[] {
  return ['crowd', 'newcomers', 'own habits in 1 visit of 2'].flatMap((group) =>
    KS.map((k) =>
      figure(
        `${set}, choosing, ${group}: likelihood gained, k = ${k}`,
        likelihoodGain(groups[group] ?? [], answers, k),
        'nats/step',
      ),
    ),
  );
}

function groupRows(what: string, outcomes: readonly Outcome[], bar: number | undefined): Row[] {
  const mean = (value: (outcome: Outcome) => number) => withInterval(outcomes, value).mean;
  const gain = withInterval(outcomes, ({ hits }) => 100 * (hits[1] - hits[0]));
  const wasted = `${what}: wasted fetches a navigation, budget ${BUDGET}`;
  const gained = `${what}: recall@${CUTOFF}, personal less base`;
  return [
    figure(
      `${what}: steps`,
      outcomes.reduce((sum, { steps }) => sum + steps, 0),
    ),
    figure(
      `${what}: steps to a page opened before`,
      mean(({ revisits }) => 100 * revisits),
      '%',
    ),
    figure(
      `${what}: recall@${CUTOFF}, base`,
      mean(({ hits }) => 100 * hits[0]),
      '%',
    ),
    bar === undefined ? figure(gained, gain.mean, 'points') : atLeast(gained, gain.mean, bar, 'points'),
    figure(`${gained}, lower end of its 95 % interval`, gain.low, 'points'),
    figure(`${gained}, upper end`, gain.high, 'points'),
    figure(
      `${wasted}, base`,
      mean(({ fetched, used }) => fetched[0] - used[0]),
    ),
    atMost(
      `${wasted}, personal`,
      mean(({ fetched, used }) => fetched[1] - used[1]),
      WASTE_BAR,
    ),
    figure(
      `${what}: navigations to a fetched page, base`,
      mean(({ used }) => 100 * used[0]),
      '%',
    ),
    figure(
      `${what}: navigations to a fetched page, personal`,
      mean(({ used }) => 100 * used[1]),
      '%',
    ),
  ];
}

import { join } from 'node:path';
import { loadBackend } from '@pathcast/train/backends/backend';
import { parseOptions } from '@pathcast/train/cli/options';
import { Sessions } from '@pathcast/train/data/sessions/sessions';
import { stepsOf } from '@pathcast/train/evaluate/steps';
import { validate } from '@pathcast/train/evaluate/validate';
import { learn } from '@pathcast/train/recipes/learn';
import { navigationOptions, settle } from '@pathcast/train/recipes/navigation-options';
import { encodeHeld, subjectOf } from '@pathcast/train/recipes/subject';
import { search as searchSettings } from '@pathcast/train/search';
import { halve } from '@pathcast/train/search/halving';
import { costOf, planSearch } from '@pathcast/train/search/plan';
import { freeSettings, SETTINGS, type Settings, wordsOf } from '@pathcast/train/search/settings';
import { drawTrials } from '@pathcast/train/search/space';
import { compareTrials } from '@pathcast/train/search/standing';
import { type Ground, Trial } from '@pathcast/train/search/trial';
import { UserError } from '@pathcast/train/user-error';
import { describe, expect, it } from 'vitest';
import { interruptScript } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { siteFolder, train } from '../support/trained.ts';

const DEFAULTS = settle(
  navigationOptions.parse({ data: '-', epochs: 8, patience: 9, hiddenUnits: 8, batchSize: 8 }),
  Sessions.of([]),
);

/** Sessions whose next page follows from the two before it, and time without end. */
async function groundOf(options: Partial<typeof DEFAULTS> = {}): Promise<Ground> {
  const pages = [...'abcdefgh'];
  const visit = (i: number) =>
    Array.from({ length: 6 }, (_, step) => pages[(i + step * (1 + (i % 2))) % 8] ?? '');
  const settled = { ...DEFAULTS, ...options };
  const subject = subjectOf(Sessions.of(Array.from({ length: 96 }, (_, i) => visit(i))), settled);
  const held = Array.from({ length: 24 }, (_, i) => visit(i + 3));
  return {
    subject,
    backend: await loadBackend('wasm'),
    steps: stepsOf(encodeHeld(Sessions.of(held), subject.vocabulary)),
    options: settled,
    folder: await temporaryFolder(),
    clock: { isOver: () => false, left: () => 1e6, isStopped: () => false, stop: fail },
  };
}

function fail(): never {
  throw new Error('nobody stopped it');
}

/** Lets every one of some settings be tried. */
async function search(ground: Ground, ...settings: Settings[]): Promise<Trial[]> {
  const trials: Trial[] = [];
  await halve(ground, trials, {
    drawn: settings.values(),
    trials: settings.length + 1,
    onPlan: () => {},
    onTurn: () => {},
  });
  return trials;
}

const mrrs = (trial: Trial | undefined) => trial?.ratings.map(({ mrrAt20 }) => mrrAt20);

describe('halve', () => {
  it('chooses the only settings that can learn, and gives up the hopeless at the first rung', async () => {
    const ground = await groundOf({ learningRate: 1e-7 });
    const rates = [1e-6, 0.1, 1e-8, 1e-5].map((learningRate) => ({ learningRate }));
    const trials = await search(ground, ...rates);
    const { finalists } = compareTrials(trials, ground.steps);
    expect(finalists.map(({ trial }) => trial.number)).toEqual([2, 0]);
    expect(finalists[0]?.rating.mrrAt20).toBeGreaterThan(0.9);
    expect(finalists[0]?.gain?.interval95[0]).toBeGreaterThan(0);
    expect(trials.map(({ ratings }) => ratings.length).sort()).toEqual([1, 1, 2, 8, 8]);
  });

  it('keeps the defaults to the end and chooses them where the others are worse', async () => {
    const ground = await groundOf();
    const trials = await search(ground, { learningRate: 1e-6 }, { learningRate: 1e-7 });
    const { finalists } = compareTrials(trials, ground.steps);
    expect(finalists[0]?.trial.settings).toEqual({});
    expect(trials[0]?.ratings).toHaveLength(8);
  });

  it('fits as navigation does, however often a trial rests', async () => {
    const ground = await groundOf();
    const settings = { learningRate: 0.05, momentum: 0.3 };
    const trial = new Trial(ground, { number: 1, settings, epochs: 8 });
    for (const rung of [1, 2, 4, 8]) await trial.advance(rung);
    const { subject, steps, options } = ground;
    const { place } = await learn(
      {
        ...subject,
        backend: ground.backend,
        epochs: 8,
        stream: 0,
        validate: (weights) => validate({ spec: subject.spec, weights }, steps.sessions),
      },
      { ...options, ...settings },
      { isDue: () => false, save: fail },
    );
    expect(mrrs(trial)).toEqual(place.epochs.map(({ validation }) => validation?.mrrAt20));
    expect(trial.ratings[7]?.loss).toBeCloseTo(place.epochs[7]?.validation?.loss ?? 0, 5);
  });

  it('puts settings out that cannot be trained', async () => {
    const ground = await groundOf({ normalised: false });
    const trials = await search(ground, { learningRate: 1e30 }, { learningRate: 0.05 });
    expect(trials[1]?.failure).toMatch(/^the loss is (NaN|Infinity) in epoch 1/);
    expect(compareTrials(trials, ground.steps).finalists.map(({ trial }) => trial.number)).not.toContain(1);
  });

  it('begins no epoch once time is over, and compares what has had as many', async () => {
    const ground = await groundOf();
    const trials: Trial[] = [];
    const isOver = () => trials.reduce((sum, { ratings }) => sum + ratings.length, 0) >= 8;
    await halve({ ...ground, clock: { ...ground.clock, isOver } }, trials, {
      drawn: [0.02, 0.05, 0.2].map((learningRate) => ({ learningRate })).values(),
      trials: 4,
      onPlan: () => {},
      onTurn: () => {},
    });
    // Four at epoch 1 and three at epoch 2; then one more for the defaults, on their way to 4.
    expect(trials.map(({ ratings }) => ratings.length).sort()).toEqual([1, 2, 2, 3]);
    const { finalists, others } = compareTrials(trials, ground.steps);
    expect(finalists.map(({ epochs }) => epochs)).toEqual([2, 2, 2]);
    expect(others.map(({ epochs }) => epochs)).toEqual([1]);
  });
});

describe('planSearch', () => {
  it('halves a field of eight by rungs of 1, 2, 4 and 8 epochs', () => {
    const plan = planSearch({ epochs: 8, done: 1, affordable: 1000, challengers: 8 });
    expect(plan).toEqual({ epochs: 8, rungs: [1, 2, 4, 8], challengers: 8 });
    // The defaults 8; then 8 × 1, 4 × 1 more, 2 × 2 more, 1 × 4 more.
    expect(costOf(plan)).toBe(8 + 8 + 4 + 4 + 4);
  });

  it.each([
    // 7 challengers cost 8 + 7 + 4 + 2 × 2 + 4 = 27; an eighth costs one epoch more, a ninth three.
    { affordable: 27, epochs: 8, challengers: 7 },
    { affordable: 28.9, epochs: 8, challengers: 8 },
    // Fewer than 7 would fit: at 4 epochs, 4 + 4 + 2 + 2 = 12 and 4 + 5 + 3 + 4 = 16.
    { affordable: 15, epochs: 4, challengers: 4 },
    { affordable: 7.9, epochs: 8, challengers: 0 },
  ])('affords $challengers challengers over $epochs epochs with time for $affordable', (expected) => {
    const { affordable, epochs, challengers } = expected;
    expect(planSearch({ epochs: 8, done: 1, affordable })).toMatchObject({ epochs, challengers });
  });
});

describe('drawTrials', () => {
  const draw = (count: number, seed: number, free = SETTINGS) => {
    const drawn = drawTrials({ free, defaults: DEFAULTS, seed });
    return Array.from({ length: count }, () => drawn.next().value);
  };

  it('draws the same settings for the same seed, all different, and others for another seed', () => {
    expect(draw(50, 3)).toEqual(draw(50, 3));
    expect(draw(50, 3)).not.toEqual(draw(50, 4));
    expect(new Set(draw(50, 3).map((settings) => JSON.stringify(settings))).size).toBe(50);
  });

  it('draws only what is free, and comes to an end with that', () => {
    const drawn = draw(50, 1, ['cell', 'batchSize']).filter((settings) => settings !== undefined);
    // Two cells by four batch sizes and the default's own 8, less the defaults themselves.
    expect(drawn).toHaveLength(2 * 5 - 1);
    expect(new Set(drawn.flatMap((settings) => Object.keys(settings)))).toEqual(
      new Set(['cell', 'batchSize']),
    );
  });

  it('leaves what the user gives and what makes no difference', () => {
    const given = { learningRate: 0.1, embeddingUnits: 32 };
    const free = freeSettings(given, { ...DEFAULTS, negatives: 0 });
    for (const fixed of ['learningRate', 'hiddenUnits', 'alpha']) expect(free).not.toContain(fixed);
    expect(freeSettings({}, { ...DEFAULTS, negatives: 512 })).toEqual(SETTINGS);
  });
});

const EVERY = {
  ...{ learningRate: 0.1, momentum: 0, batchSize: 8, rowDropout: 0, stateDropout: 0, alpha: 0 },
  ...{ unknownRate: 0, cell: 'gru' as const, hiddenUnits: 8, steps: 5 },
};

describe('npm run train -- search', () => {
  const TINY = ['search', '--data', 'log.txt', '--epochs', '3', '--hidden-units', '8', '--cell', 'gru'];
  const commandOf = (stdout: string) => stdout.trim().split('\n').at(-1) ?? '';
  const optionsOf = (command: string) =>
    parseOptions(command.replace('npm run train -- navigation ', '').split(' '), navigationOptions);

  it('prints last a command that navigation takes, with what the user gave and the best settings', async () => {
    const folder = await siteFolder();
    const { code, stdout } = await train([...TINY, '--minutes=9', '--trials', '4', '--seed', '5'], folder);
    expect(code).toBe(0);
    const command = commandOf(stdout);
    expect(command).toMatch(/^npm run train -- navigation --data log\.txt --epochs 3 --hidden-units 8/);
    expect(optionsOf(command)).toMatchObject({ epochs: 3, hiddenUnits: 8, cell: 'gru', seed: 5 });
    expect(stdout).toMatch(/trial {3}3 {2}epoch {2}1\/3 {2}recall@20 \d/);
    expect(stdout.slice(0, stdout.lastIndexOf('npm'))).not.toMatch(/--(hidden-units|cell) /);
  });

  it('has the same trials, figures and answer for the same seed', async () => {
    const folder = await siteFolder();
    const run = async () => {
      const { stdout } = await train([...TINY, '--minutes', '9', '--trials', '4'], folder);
      return stdout.replace(/[\d.]+\u00a0s\b/g, '');
    };
    expect(await run()).toBe(await run());
  });

  it('returns the defaults, and says so, when there is no time for more', async () => {
    const { code, stdout } = await train([...TINY, '--minutes', '0.0001'], await siteFolder());
    expect(code).toBe(0);
    expect(stdout).toContain('there is no time for anything but them');
    expect(commandOf(stdout)).toBe(
      'npm run train -- navigation --data log.txt --epochs 3 --hidden-units 8 --cell gru',
    );
  });

  it('shows the best so far when it is interrupted', async () => {
    const args = ['search', '--data', 'log.txt', '--epochs', '900', '--minutes', '9'];
    const script = 'train/src/main.ts';
    const { code, stdout } = await interruptScript(script, args, await siteFolder(), 'trial   1');
    expect(code).toBe(130);
    expect(commandOf(stdout)).toMatch(/^npm run train -- navigation --data log\.txt --epochs 900/);
  });

  it.each([
    [['--trials', '1'], '--trials: too small'],
    [['--minutes', '0'], '--minutes: too small'],
    [['--test', 'log.txt'], 'there is no option --test'],
    [['--cell', 'transformer'], '--cell: invalid option'],
    [wordsOf(EVERY), 'every setting is given: there is nothing to search'],
  ])('%j gets one sentence', async (args, message) => {
    const data = join(await siteFolder(), 'log.txt');
    const error = await searchSettings(['--data', data, ...args]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('\n');
  });
});

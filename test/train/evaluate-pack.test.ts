import { openPack, writePack } from '@pathcast/models/pack/pack';
import { createPredictor } from '@pathcast/models/predictor/predictor';
import { defaultDataOptions } from '@pathcast/train/data/options';
import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { rankMarkov } from '@pathcast/train/evaluate/baselines';
import { evaluatePack } from '@pathcast/train/evaluate/evaluate-pack';
import { rankOf, rankWithPredictor } from '@pathcast/train/evaluate/pack';
import { rankingOf } from '@pathcast/train/evaluate/ranking';
import { stepsOf } from '@pathcast/train/evaluate/steps';
import type { TrainedModel } from '@pathcast/train/export/trained-model';
import { describe, expect, it, vi } from 'vitest';
import { fileOf } from '../support/dataset.ts';
import { randomModel } from '../support/models.ts';

const SESSIONS = [
  [2, 9, 11, 30, 4],
  [2, 9, 17],
  [7, 8],
  [2, 9, 11, 5],
];
const nameOf = (id: number) => `/p${id}`;
const textOf = (sessions: number[][]) => sessions.map((ids) => `${ids.map(nameOf).join(' ')}\n`).join('');

function packOf(model: TrainedModel) {
  return openPack(writePack({ ...model, vocabularyDigest: 'a'.repeat(64) }));
}

describe('the predictor’s ranks', () => {
  it('are the places in its full list, from the newest pages alone', async () => {
    const predictor = createPredictor(packOf(randomModel({ steps: 2 })));
    const ranks = await rankWithPredictor(predictor, stepsOf(TokenSessions.of(SESSIONS)), {
      parts: ['recurrent'],
      nameOf,
    });
    const expected = SESSIONS.flatMap((session) =>
      session.slice(1).map((target, i) => {
        const history = session.slice(Math.max(0, i - 1), i + 1).map(nameOf);
        const pages = predictor.next(history, { top: 40, part: 'recurrent' }).map(({ page }) => page);
        return pages.indexOf(nameOf(target)) + 1;
      }),
    );
    const withinList = (all: Iterable<number>) => Array.from(all, (rank) => Math.min(rank, 21));
    expect(withinList(ranks.recurrent ?? [])).toEqual(withinList(expected));
  });

  it('ask for a history that comes again but once', async () => {
    const predictor = createPredictor(packOf(randomModel({ steps: 2 })));
    const next = vi.spyOn(predictor, 'next');
    const seen: number[][] = [];
    await rankWithPredictor(predictor, stepsOf(TokenSessions.of([...SESSIONS, [20, 9, 11, 5]])), {
      parts: ['recurrent'],
      nameOf,
      onProgress: (...counts) => seen.push(counts),
    });
    expect(next).toHaveBeenCalledTimes(7); // 2; 2, 9; 9, 11; 11, 30; 7; 20; 20, 9
    expect(seen.at(-1)).toEqual([7, 7]);
  });

  it('hold a tie against the target, across the cutoff too', async () => {
    const model = randomModel();
    model.weights.inputRows.fill(0);
    model.weights.outputBias.fill(0, 2); // every page is as likely as any other
    const predictor = createPredictor(packOf(model));
    const steps = stepsOf(TokenSessions.of([[2, 3]]));
    const { recurrent = [] } = await rankWithPredictor(predictor, steps, { parts: ['recurrent'], nameOf });
    expect(rankingOf(recurrent).recallAt20).toBe(0);
  });

  it('hold a tie within the list against the target', () => {
    const next = [
      { page: '/a', probability: 0.5 },
      { page: '/b', probability: 0.25 },
      { page: '/c', probability: 0.25 },
    ];
    expect(['/a', '/b', '/c', '/d'].map((page) => rankOf(next, page))).toEqual([1, 3, 3, 4]);
  });
});

describe('the evaluation of a pack', () => {
  const pack = packOf(randomModel());
  const evaluate = async (text: string, options: Partial<Parameters<typeof evaluatePack>[1]> = {}) =>
    evaluatePack(
      { pack, predictor: createPredictor(pack) },
      { name: 'navigation', ...defaultDataOptions(await fileOf(text)), ...options },
    );

  it('leaves pages out that the model does not know', async () => {
    const known = await evaluate(textOf(SESSIONS));
    const mixed = await evaluate(`${textOf(SESSIONS).replaceAll('/p9', '/nowhere /p9')}/nowhere /p2\n`);
    expect(known.model.predictions).toBe(10);
    expect(mixed).toEqual(known);
  });

  it('shows the baselines where it is told what the model was trained on', async () => {
    const train = textOf([...SESSIONS, [2, 9, 3]]);
    const { baselines, difference } = await evaluate(textOf(SESSIONS), {
      train: await fileOf(train, 'train'),
    });
    const steps = stepsOf(TokenSessions.of(SESSIONS));
    const markov = rankMarkov(TokenSessions.of([...SESSIONS, [2, 9, 3]]), steps, pack.spec.vocabularySize);
    expect(Object.keys(baselines)).toEqual(['popularity', 'markov', 'vsknn']);
    expect(baselines.markov).toMatchObject(rankingOf(markov));
    expect(difference?.recallAt20.difference).toBeLessThan(0); // random weights
  });

  it('draws the same sessions of the same data', async () => {
    const [one, again] = [
      await evaluate(textOf(SESSIONS), { sample: 2 }),
      await evaluate(textOf(SESSIONS), { sample: 2 }),
    ];
    expect(one).toEqual(again);
    expect(one.model.predictions).toBeLessThan(10);
  });

  it('ranks with one part where it is told which', async () => {
    const { model, parts } = await evaluate(textOf(SESSIONS), { part: 'recurrent' });
    expect(model.predictions).toBe(10);
    expect(parts).toEqual({});
  });

  it('answers what it cannot do in one sentence', async () => {
    await expect(evaluate(textOf(SESSIONS), { part: 'neighbours' })).rejects.toThrow(
      '--part: navigation has no "neighbours", only mixture, recurrent',
    );
    await expect(evaluate('/x /y\n')).rejects.toThrow(/^navigation knows no page of .*: nothing to score$/);
    const labeller = packOf(randomModel({ task: 'label', normalised: false, output: 'dense' }));
    const labels = { pack: labeller, predictor: createPredictor(labeller) };
    await expect(evaluatePack(labels, { name: 'hihello', ...defaultDataOptions('-') })).rejects.toThrow(
      'hihello labels characters; it ranks no pages to evaluate',
    );
  });
});

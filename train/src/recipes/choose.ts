import type { Backend } from '../backends/backend.ts';
import type { Sessions } from '../data/sessions/sessions.ts';
import { splitSessions } from '../data/sessions/split.ts';
import { thinOut, validate } from '../evaluate/validate.ts';
import { reclaimMemory } from '../fit/memory.ts';
import { buildMixture, fitMixture } from '../mixture/fit-mixture.ts';
import { type EarlierModel, newerThan } from './earlier.ts';
import type { Keeper } from './keeper.ts';
import { learn } from './learn.ts';
import type { SettledOptions } from './navigation-options.ts';
import type { RunChoice } from './run-place.ts';
import { compare, encodeHeld, subjectOf } from './subject.ts';

/** The two fits of a run: one to choose on sessions held out, one of everything to be served. */
export const STREAM = { choosing: 0, final: 1 } as const;

/**
 * Fits on a part of the sessions, and chooses on the rest: how many epochs, which parts of the mixture, at what weights.
 * @param context.isTested a test file will be asked how good the model is, so that the held-out sessions are not.
 */
export async function choose(
  sessions: Sessions,
  options: SettledOptions,
  {
    backend,
    keeper,
    stopped,
    earlier,
    isTested,
  }: {
    backend: Backend;
    keeper: Keeper;
    stopped: Awaited<ReturnType<Keeper['open']>>;
    earlier: EarlierModel | undefined;
    isTested: boolean;
  },
): Promise<RunChoice> {
  const { train, held: all } = splitSessions(sessions, { ...options, share: options.heldOut });
  const held = earlier ? newerThan(earlier, all) : all;
  const parts = [train, held].map(({ length }) => length.toLocaleString('en'));
  process.stdout.write(
    `  fitting on ${parts[0]} sessions, to choose on ${SPLIT_NAMES[options.split]} ${parts[1]}\n`,
  );
  const subject = subjectOf(train, options);
  const { spec, counts, vocabulary } = subject;
  const heldOut = encodeHeld(held, vocabulary);
  const sample = thinOut(heldOut, spec.vocabularySize);
  const { weights, place } = await learn(
    {
      ...subject,
      backend,
      epochs: options.epochs,
      stream: STREAM.choosing,
      validate: (at) => validate({ spec, weights: at }, sample),
      earlier,
    },
    options,
    { isDue: () => keeper.isDue(), save: (state, fit) => keeper.save(state, { fit }) },
    stopped && { fit: stopped.place.fit, checkpoint: stopped.checkpoint },
  );
  reclaimMemory(); // of the optimiser
  const model = { spec, weights, counts };
  const mixture = await fitMixture(model, { train: subject.sessions, held: heldOut }, counts);
  const served = { ...model, mixture: buildMixture(mixture, subject.sessions, spec.vocabularySize) };
  const metrics = isTested
    ? null
    : { on: 'validation' as const, ...(await compare(served, subject.sessions, heldOut)) };
  return { epochs: place.epochs, steadyEpochs: place.steadyEpochs, mixture, metrics };
}

const SPLIT_NAMES = { last: 'the last', 'last-day': "the last day's", random: 'a random' } as const;

import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import {
  type Batch,
  epochBatches,
  lastStepWindows,
  scoringWindows,
  trainingWindows,
  type Windows,
} from '@pathcast/train/fit/batches';
import { createRandom } from '@pathcast/train/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomSessions } from '../support/mixtures.ts';

/** Sessions of 0 to 12 ids, some of them unknown. */
const sessionLists = fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 }), { maxLength: 8 });
const stepCounts = fc.integer({ min: 1, max: 6 });

/** What the windows score, one by one: where the target is among all events, and the inputs read before it. */
function scoredSteps(windows: Windows) {
  return Array.from({ length: windows.length }, (_, window) => stepsOf(windows.batch([window]))).flat();
}

/** The scored steps of a batch, whatever its layout says they are. */
function stepsOf({ ids, positions, targets, events, batchSize: B }: Batch) {
  return Array.from(positions, (position, i) => {
    const inputs = [];
    for (let at = position % B; at <= position; at += B) inputs.push(ids[at] ?? 0);
    return { event: events[i] ?? 0, target: targets[i], inputs: inputs.filter((id) => id !== 0) };
  });
}

/** Every event that can be scored, with all that came before it in its session. */
function everyStep(lists: number[][]) {
  let first = 0;
  return lists.flatMap((session) => {
    const start = first;
    first += session.length;
    return session
      .map((target, i) => ({ event: start + i, target, inputs: session.slice(0, i) }))
      .filter(({ target, inputs }) => inputs.length > 0 && target > 1);
  });
}

const byEvent = (a: { event: number }, b: { event: number }) => a.event - b.event;

describe('training windows', () => {
  it('make every known page but a session’s first a target exactly once, from at most `steps` pages', () => {
    fc.assert(
      fc.property(sessionLists, stepCounts, (lists, steps) => {
        const windows = trainingWindows(TokenSessions.of(lists), steps);
        // Windows lie end to end: a page is read from the last multiple of `steps` on.
        const expected = everyStep(lists).map((step) => {
          const { length } = step.inputs;
          return { ...step, inputs: step.inputs.slice(length - 1 - ((length - 1) % steps)) };
        });
        expect(scoredSteps(windows).sort(byEvent)).toEqual(expected);
        expect(windows.countScored()).toBe(expected.length);
      }),
    );
  });
});

describe('scoring windows', () => {
  it('score every known page but a session’s first exactly once, from the newest `steps` pages', () => {
    fc.assert(
      fc.property(sessionLists, stepCounts, (lists, steps) => {
        const windows = scoringWindows(TokenSessions.of(lists), steps);
        const expected = everyStep(lists).map((step) => ({ ...step, inputs: step.inputs.slice(-steps) }));
        expect(scoredSteps(windows).sort(byEvent)).toEqual(expected);
      }),
    );
  });
});

describe('last-step windows', () => {
  it('score a session’s last page alone', () => {
    const windows = lastStepWindows(TokenSessions.of([[2, 3, 4], [5], [6, 7]]));
    expect(scoredSteps(windows)).toEqual([
      { event: 2, target: 4, inputs: [2, 3] },
      { event: 5, target: 7, inputs: [6] },
    ]);
  });
});

describe('a batch', () => {
  it('is laid out step by step, padded on the left', () => {
    const windows = trainingWindows(
      TokenSessions.of([
        [5, 9, 3, 8],
        [7, 1, 4],
      ]),
      8,
    );
    const { ids, positions, targets, events, steps, batchSize } = windows.whole();
    expect([steps, batchSize]).toEqual([3, 2]);
    expect([...ids]).toEqual([5, 0, 9, 7, 3, 1]);
    // The unknown page is read, and no target.
    expect([...positions]).toEqual([0, 2, 4, 5]);
    expect([...targets]).toEqual([9, 3, 8, 4]);
    expect([...events]).toEqual([1, 2, 3, 6]);
  });

  it('holds the steps of its windows, whatever they are laid out with', () => {
    fc.assert(
      fc.property(sessionLists, stepCounts, (lists, steps) => {
        const windows = trainingWindows(TokenSessions.of(lists), steps);
        expect(stepsOf(windows.whole())).toEqual(scoredSteps(windows));
      }),
    );
  });
});

describe('an epoch', () => {
  const windows = trainingWindows(randomSessions(3000, 30), 5);

  it('takes each window once, in batches of the size asked for', () => {
    const batches = epochBatches(windows, 16, createRandom(1));
    const seen = batches.flatMap((batch) => [...batch]).sort((a, b) => a - b);
    expect(seen).toEqual(Array.from({ length: windows.length }, (_, window) => window));
    const sizes = batches.map(({ length }) => length).filter((size) => size !== 16);
    expect(sizes.length).toBeLessThanOrEqual(1);
  });

  it('has the same order for the same seed, and another for another', () => {
    const order = (seed: number) => epochBatches(windows, 16, createRandom(seed)).map((batch) => [...batch]);
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
  });

  it('batches windows of like length, so that a twentieth of a batch at most is padding', () => {
    let padding = 0;
    let all = 0;
    for (const batch of epochBatches(windows, 16, createRandom(1))) {
      const { ids } = windows.batch(batch);
      padding += ids.filter((id) => id === 0).length;
      all += ids.length;
    }
    expect(padding / all).toBeLessThan(0.05);
  });

  it('does not go from short windows to long ones', () => {
    const lengths = epochBatches(windows, 16, createRandom(1)).map((batch) =>
      windows.inputsOf(batch[0] ?? 0),
    );
    const rises = lengths.filter((length, i) => i > 0 && length < (lengths[i - 1] ?? 0)).length;
    expect(rises).toBeGreaterThan(lengths.length / 5);
  });
});

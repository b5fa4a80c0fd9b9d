import { chooseParts, foldsOf } from '@pathcast/train/mixture/choose-parts';
import { describe, expect, it } from 'vitest';

/** Sessions of five steps each; every part gives every target the same, give or take what a step's number does. */
function observed(sessions: number, gives: { markov: number; both: number; neighbours: number }) {
  const n = sessions * 5;
  const column = (probability: number) =>
    Float32Array.from({ length: n }, (_, i) => probability * (0.75 + (0.5 * (i % 7)) / 6));
  return {
    sessions: Uint32Array.from({ length: n }, (_, i) => Math.floor(i / 5)),
    bins: new Uint8Array(n).fill(4),
    recurrent: column(0.1),
    parts: { markov: column(gives.markov), both: column(gives.both), neighbours: column(gives.neighbours) },
  };
}

const RULES = ['markov', 'both'] as const;

describe('the choice of parts', () => {
  it('leaves out a part that gains nothing', () => {
    const chosen = chooseParts(observed(400, { markov: 0.2, both: 0.1, neighbours: 0 }), RULES);
    expect(chosen).toEqual({ rules: 'markov', neighbours: false });
  });

  it('takes the rules that make targets likeliest', () => {
    const chosen = chooseParts(observed(400, { markov: 0.15, both: 0.3, neighbours: 0.3 }), RULES);
    expect(chosen.rules).toBe('both');
  });

  it('leaves the recurrent model alone where nothing beside it pays', () => {
    const chosen = chooseParts(observed(400, { markov: 0.001, both: 0.001, neighbours: 0 }), RULES);
    expect(chosen).toEqual({ rules: undefined, neighbours: false });
  });

  it('keeps a part whose loss may be chance, and leaves it out once it is not', () => {
    // Every sixth session owes much to neighbours, all others lose: too little by the sum.
    const mixed = (sessions: number) => {
      const steps = observed(sessions, { markov: 0.1, both: 0.1, neighbours: 0.05 });
      for (const [step, session] of steps.sessions.entries()) {
        if (session % 6 === 2) steps.parts.neighbours[step] = 0.2;
      }
      return steps;
    };
    expect(chooseParts(mixed(6), RULES).neighbours).toBe(true);
    expect(chooseParts(mixed(1200), RULES).neighbours).toBe(false);
  });
});

describe('folds', () => {
  it('hold whole sessions', () => {
    const [even, odd] = foldsOf(Uint32Array.of(0, 0, 1, 3, 2));
    expect([...even]).toEqual([0, 1, 4]);
    expect([...odd]).toEqual([2, 3]);
  });
});

import { TokenSessions } from '@pathcast/train/data/sessions/token-sessions';
import { CharacterTally, scoreCharacterBaselines } from '@pathcast/train/evaluate/characters';
import { describe, expect, it } from 'vitest';

/** Inputs and their labels, laid out as the data is. */
function encoded(texts: readonly (readonly [inputs: number[], labels: number[]])[]) {
  return {
    sessions: TokenSessions.of(texts.map(([, labels]) => [0, ...labels])),
    inputs: Int32Array.from(texts.flatMap(([inputs]) => [...inputs, 0])),
  };
}

describe('a tally of characters', () => {
  it('averages the cross-entropy in nats, and ranks ties against the model', () => {
    const tally = new CharacterTally();
    tally.add(Float32Array.of(0, 0, 0.5, 0.25, 0.25), 2); // rank 1, ln 2
    tally.add(Float32Array.of(0, 0, 0.5, 0.25, 0.25), 3); // a tie: rank 3, ln 4
    const { predictions, recallAt1, mrrAt20, crossEntropy } = tally.result();
    expect(predictions).toBe(2);
    expect(recallAt1).toBe(0.5);
    expect(mrrAt20).toBeCloseTo((1 + 1 / 3) / 2, 6);
    expect(crossEntropy).toBeCloseTo((Math.log(2) + Math.log(4)) / 2, 6);
  });

  it('stays finite where a probability was rounded to zero', () => {
    const tally = new CharacterTally();
    tally.add(Float32Array.of(0, 0, 1, 0), 3);
    expect(tally.result().crossEntropy).toBeLessThan(100);
  });
});

describe('the baselines of characters', () => {
  // Ids 2, 3 and 4. After 2 come 3, 3 and 4; after 3 comes 2.
  const train = encoded([
    [
      [2, 2, 2],
      [3, 3, 4],
    ],
    [[3], [2]],
  ]);

  it('give worked probabilities: one added to each count, and Witten–Bell after a character', () => {
    // Labels 2, 3, 4 came 1, 2, 1 times of 4: with one added 2/7, 3/7, 2/7.
    // After 2 there were 3 labels, 2 of them different: 3 has (2 + 2 · 3/7) / 5 = 20/35.
    const { popularity, markov } = scoreCharacterBaselines(train, encoded([[[2], [3]]]), 5);
    expect(popularity.crossEntropy).toBeCloseTo(-Math.log(3 / 7), 6);
    expect(markov.crossEntropy).toBeCloseTo(-Math.log(20 / 35), 6);
    expect([popularity.recallAt1, markov.recallAt1]).toEqual([1, 1]);
  });

  it('fall back on all labels after a character that never was read, and give no label nothing', () => {
    const { popularity, markov } = scoreCharacterBaselines(train, encoded([[[4], [3]]]), 5);
    expect(markov.crossEntropy).toBeCloseTo(popularity.crossEntropy, 6);
    const unseen = scoreCharacterBaselines(train, encoded([[[3], [4]]]), 5);
    expect(unseen.markov.crossEntropy).toBeCloseTo(-Math.log((0 + 1 * (2 / 7)) / 2), 6);
  });

  it('score no label that is unknown', () => {
    expect(
      scoreCharacterBaselines(
        train,
        encoded([
          [
            [2, 2],
            [1, 3],
          ],
        ]),
        5,
      ).markov.predictions,
    ).toBe(1);
  });
});

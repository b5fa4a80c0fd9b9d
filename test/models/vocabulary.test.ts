import { padLeft } from '@pathcast/models/sequence';
import { countVocabulary, formatVocabulary, parseVocabulary, Vocabulary } from '@pathcast/models/vocabulary';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('a vocabulary', () => {
  it('gives the most frequent token id 2, and ties the order of first appearance', () => {
    const { tokens } = countVocabulary(['hihello']);
    expect(tokens).toEqual(['h', 'l', 'i', 'e', 'o']);
  });

  it('counts padding and unknown in its size, and gives unknown for what it does not know', () => {
    const vocabulary = new Vocabulary(['a', 'b']);
    expect([vocabulary.size, vocabulary.encode('b'), vocabulary.encode('z')]).toEqual([4, 3, 1]);
    expect([vocabulary.decode(2), vocabulary.decode(0), vocabulary.decode(4)]).toEqual([
      'a',
      undefined,
      undefined,
    ]);
  });

  it('comes back from its text, whatever its tokens are', () => {
    const token = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\n\r]/.test(text));
    fc.assert(
      fc.property(fc.uniqueArray(token), (tokens) => {
        expect(parseVocabulary(formatVocabulary(new Vocabulary(tokens))).tokens).toEqual(tokens);
      }),
    );
  });

  it.each([
    ['a\n\nb\n', 'token 2 of the vocabulary is empty'],
    ['a\nb', 'cut off'],
    ['a\na\n', 'token "a" is twice'],
    ['a\r\n', 'holds a line break'],
  ])('refuses the text %j', (text, message) => {
    expect(() => parseVocabulary(text)).toThrow(message);
  });
});

describe('padding', () => {
  it('stands on the left, and the newest ids are kept', () => {
    const { ids, batchSize, steps } = padLeft([[5], [6, 7, 8, 9], []], 3);
    expect([batchSize, steps]).toEqual([3, 3]);
    expect([...ids]).toEqual([0, 0, 5, 7, 8, 9, 0, 0, 0]);
  });

  it('is as wide as the longest sequence when no width is asked for', () => {
    expect([...padLeft([[2], [3, 4]]).ids]).toEqual([0, 2, 3, 4]);
  });
});

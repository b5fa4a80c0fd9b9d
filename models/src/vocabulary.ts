/** Id of left padding: masked, never a target. */
export const PADDING_ID = 0;
/** Id of every token that is not in the vocabulary, never a target. */
export const UNKNOWN_ID = 1;
/** Ids below this are not tokens. */
export const FIRST_TOKEN_ID = 2;
/** Output bias of ids that are never targets: probability zero, and finite in float16. */
export const NEVER_BIAS = -1e4;

/** Tokens in id order from 2, by falling frequency, so that a table's head is its most visited rows. */
export class Vocabulary {
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws RangeError when a token is empty, repeated or holds a line break. */
  constructor(readonly tokens: readonly string[]) {
    const ids = new Map<string, number>();
    for (const [index, token] of tokens.entries()) {
      if (token === '') throw new RangeError(`token ${index + 1} of the vocabulary is empty`);
      if (/[\n\r]/.test(token)) throw new RangeError(`token ${JSON.stringify(token)} holds a line break`);
      if (ids.has(token)) throw new RangeError(`token ${JSON.stringify(token)} is twice in the vocabulary`);
      ids.set(token, index + FIRST_TOKEN_ID);
    }
    this.#ids = ids;
  }

  /** V: the tokens plus padding and unknown. */
  get size(): number {
    return this.tokens.length + FIRST_TOKEN_ID;
  }

  /** The token's id, or 1 (unknown). */
  encode(token: string): number {
    return this.#ids.get(token) ?? UNKNOWN_ID;
  }

  /** The token of an id, or undefined for padding, unknown and ids beyond V. */
  decode(id: number): string | undefined {
    return this.tokens[id - FIRST_TOKEN_ID];
  }
}

/** Builds a vocabulary by falling count; equal counts keep the order of first appearance. */
export function countVocabulary(sequences: Iterable<Iterable<string>>): Vocabulary {
  const counts = new Map<string, number>();
  for (const sequence of sequences) {
    for (const token of sequence) counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  // Array.prototype.sort is stable, and a Map iterates in order of insertion.
  return new Vocabulary([...counts].sort((a, b) => b[1] - a[1]).map(([token]) => token));
}

/** The text of `vocabulary.txt`: a token a line, in id order from 2. */
export function formatVocabulary(vocabulary: Vocabulary): string {
  return vocabulary.tokens.map((token) => `${token}\n`).join('');
}

/**
 * Reads `vocabulary.txt`.
 * @throws RangeError as {@link Vocabulary}; also when the text does not end with a line break.
 */
export function parseVocabulary(text: string): Vocabulary {
  if (text === '') return new Vocabulary([]);
  if (!text.endsWith('\n'))
    throw new RangeError('the vocabulary is cut off: its last line has no line break');
  return new Vocabulary(text.slice(0, -1).split('\n'));
}

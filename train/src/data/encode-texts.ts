import { characters } from '@pathcast/models/sequence';
import { countVocabulary, FIRST_TOKEN_ID, PADDING_ID, type Vocabulary } from '@pathcast/models/vocabulary';
import { TokenSessions } from './sessions/token-sessions.ts';
import type { LabelledText, TextFormat } from './texts.ts';

/** Texts as token ids in columns, laid out so that the label of input i is event i + 1 of the sessions. */
export interface EncodedTexts {
  /** A session a text: padding, then the labels. */
  readonly sessions: TokenSessions;
  /** int32 [events]: what the model reads at each event; padding at a session's last. */
  readonly inputs: Int32Array;
}

/** The characters of inputs and labels together by falling count. */
export function vocabularyOfTexts(texts: readonly LabelledText[], format: TextFormat): Vocabulary {
  return countVocabulary(eachWritten(texts, format));
}

/** How often each token is written: uint32 [V − 2]. */
export function countCharacters(
  texts: readonly LabelledText[],
  format: TextFormat,
  vocabulary: Vocabulary,
): Uint32Array {
  const counts = new Uint32Array(vocabulary.tokens.length);
  for (const text of eachWritten(texts, format)) {
    for (const character of text) {
      const token = vocabulary.encode(character) - FIRST_TOKEN_ID;
      counts[token] = (counts[token] ?? 0) + 1;
    }
  }
  return counts;
}

/** How many characters have a label. */
export function countLabels(texts: readonly LabelledText[]): number {
  return texts.reduce((sum, { target }) => sum + characters(target).length, 0);
}

/** Characters outside the vocabulary become the unknown token, which is read but never a label. */
export function encodeTexts(texts: readonly LabelledText[], vocabulary: Vocabulary): EncodedTexts {
  const encode = (text: string) => characters(text).map((character) => vocabulary.encode(character));
  const sessions = TokenSessions.of(texts.map(({ target }) => [PADDING_ID, ...encode(target)]));
  const inputs = new Int32Array(sessions.ids.length).fill(PADDING_ID);
  for (const [i, { input }] of texts.entries()) inputs.set(encode(input), sessions.offsets[i]);
  return { sessions, inputs };
}

/** Each character of the file once: the label of one in a line is the next one's input. */
function* eachWritten(texts: readonly LabelledText[], format: TextFormat): Generator<string> {
  for (const { input, target } of texts) {
    if (format === 'lines') yield input + target.replace(/^.*(?=.$)/su, '');
    else yield* [input, target];
  }
}

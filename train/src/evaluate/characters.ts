import type { Ranking } from '@pathcast/models/manifest';
import { FIRST_TOKEN_ID, UNKNOWN_ID } from '@pathcast/models/vocabulary';
import type { EncodedTexts } from '../data/encode-texts.ts';
import { RankingTally, rankAmong } from './ranking.ts';

/** How well labels are predicted. */
export interface CharacterScores extends Ranking {
  /** Mean cross-entropy of a label, in nats; its exponential is the perplexity. */
  readonly crossEntropy: number;
}

/** Keeps the logarithm finite where float32 has rounded a probability to zero. */
const LEAST_PROBABILITY = 1e-38;

/** Adds up how well probabilities over all ids, [V], foresee labels; ties count against the model. */
export class CharacterTally {
  readonly #ranking = new RankingTally();
  #nats = 0;

  add(probabilities: Float32Array, label: number): void {
    const of = probabilities[label] ?? 0;
    this.#ranking.add(rankAmong(probabilities, of));
    this.#nats -= Math.log(Math.max(of, LEAST_PROBABILITY));
  }

  /** All 0 when there was nothing to score. */
  result(): CharacterScores {
    const ranking = this.#ranking.result();
    return { ...ranking, crossEntropy: this.#nats / Math.max(1, ranking.predictions) };
  }
}

/**
 * Scores what any newcomer would try first: the labels by their frequency, and by the frequency after the character that
 * they label.
 *
 * Both give every label some probability: the first by adding one to each count, the second by falling back on the first
 * (Witten–Bell), so that their cross-entropy is fair beside the model's.
 * @param size V. Ids below 2 are never labels.
 * @see Chen and Goodman 1999, An empirical study of smoothing techniques for language modeling.
 */
export function scoreCharacterBaselines(train: EncodedTexts, test: EncodedTexts, size: number) {
  const labels = new Uint32Array(size);
  const followers = new Map<number, Uint32Array>();
  for (const { input, label } of labelledSteps(train)) {
    labels[label] = (labels[label] ?? 0) + 1;
    const counts = followers.get(input) ?? new Uint32Array(size);
    counts[label] = (counts[label] ?? 0) + 1;
    followers.set(input, counts);
  }
  const unigram = withOneMore(labels);
  const bigrams = new Map([...followers].map(([input, counts]) => [input, backedOff(counts, unigram)]));
  const popularity = new CharacterTally();
  const markov = new CharacterTally();
  for (const { input, label } of labelledSteps(test)) {
    popularity.add(unigram, label);
    markov.add(bigrams.get(input) ?? unigram, label);
  }
  return { popularity: popularity.result(), markov: markov.result() };
}

/** Every step whose label is a token. */
function* labelledSteps({ sessions, inputs }: EncodedTexts) {
  const { ids, offsets } = sessions;
  for (let session = 0; session < sessions.length; session++) {
    for (let event = (offsets[session] ?? 0) + 1; event < (offsets[session + 1] ?? 0); event++) {
      const label = ids[event] ?? UNKNOWN_ID;
      if (label > UNKNOWN_ID) yield { input: inputs[event - 1] ?? UNKNOWN_ID, label };
    }
  }
}

function withOneMore(counts: Uint32Array): Float32Array {
  const total = counts.reduce((sum, count) => sum + count, 0) + counts.length - FIRST_TOKEN_ID;
  return Float32Array.from(counts, (count, id) => (id < FIRST_TOKEN_ID ? 0 : (count + 1) / total));
}

/** Witten–Bell: as much weight for the fallback as there are different labels. */
function backedOff(counts: Uint32Array, fallback: Float32Array): Float32Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const different = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  return Float32Array.from(
    counts,
    (count, id) => (count + different * (fallback[id] ?? 0)) / (total + different),
  );
}

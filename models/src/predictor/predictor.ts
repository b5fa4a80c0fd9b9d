import type { Pack } from '../pack/pack.ts';
import { TokenIndex } from '../pack/token-index.ts';
import { characters } from '../sequence.ts';
import type { ModelSpec } from '../spec.ts';
import { FIRST_TOKEN_ID } from '../vocabulary.ts';
import type { Candidates } from './candidates.ts';
import { type CharacterProbability, continuesTexts, type NextCharactersOptions } from './characters.ts';
import { type Engine, plainEngine } from './engine.ts';
import type { Part } from './parts.ts';
import { largest, type Ranked } from './ranking.ts';
import { probabilityOf, type Scores } from './scorer.ts';

export interface PageProbability {
  readonly page: string;
  /** Over the whole catalogue, 0 to 1. */
  readonly probability: number;
}

export interface LabelProbability {
  readonly label: string;
  readonly probability: number;
}

export interface LabelStep extends LabelProbability {
  /** The likeliest labels of the step, best first. */
  readonly candidates: readonly LabelProbability[];
}

/**
 * One predictor for Worker, Node and browser, over an opened pack. Predictions are pure: the same pack and request
 * give the same answer.
 */
export interface Predictor {
  readonly spec: ModelSpec;
  /** The parts that this pack can answer with. */
  readonly parts: readonly Part[];

  /** The ids of tokens, 1 for those that the model does not know: the input rows that a prediction from them reads. */
  ids(tokens: readonly string[]): number[];

  /**
   * Ranks the pages that may follow a history. Rules and neighbours, asked alone, give only pages that they know of: none
   * for an empty history, or one of pages that nobody saw.
   * @param history oldest first; more than the spec's steps keeps the newest, an empty one gets the popular pages.
   * @param options.top at least 1; at most V − 2 pages come back.
   * @throws RangeError when the model labels, or has no such part.
   */
  next(history: readonly string[], options: { top: number; part?: Part }): PageProbability[];

  /**
   * As `next` for each of some histories, in order. The kernel scores several in one pass over its table.
   * @throws RangeError as `next` does.
   */
  nextOfEach(
    histories: readonly (readonly string[])[],
    options: { top: number; part?: Part },
  ): PageProbability[][];

  /**
   * Labels every character of a text.
   * @param options.top how many candidates a step.
   * @throws RangeError when the model ranks pages, or the text is longer than the spec's steps.
   */
  label(text: string, options: { top: number }): LabelStep[];

  /**
   * Ranks the characters that may follow a text.
   * @param prefix at least one character; of more than the spec's steps the newest are read.
   * @throws RangeError when the prefix is empty, or the model's labels are not the characters that follow.
   */
  nextCharacters(prefix: string, options: NextCharactersOptions): CharacterProbability[];
}

/**
 * Opens a predictor over a pack.
 * @param engine what runs it: the kernel, or by default plain TypeScript, the reference for it.
 */
export function createPredictor(pack: Pack, { scorer, mixer }: Engine = plainEngine(pack)): Predictor {
  const { spec } = pack;
  const tokens = new TokenIndex(pack.tokens);
  const parts = partsOf(pack);

  function popular(top: number): Ranked[] {
    const total = pack.counts.reduce((sum, count) => sum + count, 0);
    return largest(pack.counts, top).map((token) => ({
      id: token + FIRST_TOKEN_ID,
      probability: total > 0 ? (pack.counts[token] ?? 0) / total : 0,
    }));
  }

  /** Ranks what follows each of some lists of ids. */
  function rank(batch: readonly (readonly number[])[], top: number, part: Part): Ranked[][] {
    if (mixer && part === 'rules') return batch.map((ids) => topOfCandidates(mixer.rules(ids), top));
    if (mixer && part === 'neighbours')
      return batch.map((ids) => topOfCandidates(mixer.neighbours(ids), top));
    const mixed = part === 'mixture' ? mixer : undefined;
    const scored = scorer.lastOfEach(
      batch.filter((ids) => ids.length > 0),
      mixed?.mixture.temperature,
    );
    const scores = scored[Symbol.iterator]();
    return batch.map((ids) => {
      if (ids.length === 0) return popular(top);
      const { value } = scores.next();
      return mixed ? mixed.mix(ids, value, top) : topOfScores(value, top);
    });
  }

  function next(
    histories: readonly (readonly string[])[],
    { top, part = 'mixture' }: { top: number; part?: Part },
  ): PageProbability[][] {
    if (spec.task !== 'next') throw new RangeError('this model labels characters; it ranks no pages');
    if (!parts.includes(part))
      throw new RangeError(`this model has no part "${part}", only ${parts.join(', ')}`);
    const batch = histories.map((history) => history.slice(-spec.steps).map((page) => tokens.encode(page)));
    return rank(batch, Math.min(top, tokens.size), part).map((ranked) =>
      ranked.map(({ id, probability }) => ({ page: tokens.decode(id), probability })),
    );
  }

  return {
    spec,
    parts,
    ids: (asked) => asked.map((token) => tokens.encode(token)),
    next: (history, options) => next([history], options)[0] ?? [],
    nextOfEach: next,
    label(text, { top }) {
      if (spec.task !== 'label') throw new RangeError('this model ranks pages; it labels no characters');
      const ids = characters(text).map((character) => tokens.encode(character));
      if (ids.length > spec.steps) {
        throw new RangeError(
          `the text has ${ids.length} characters; this model labels at most ${spec.steps}`,
        );
      }
      const count = Math.min(Math.max(top, 1), tokens.size);
      return Array.from(scorer.each(ids), (scores) => {
        const candidates = topOfScores(scores, count).map(({ id, probability }) => ({
          label: tokens.decode(id),
          probability,
        }));
        const [best] = candidates;
        if (!best) throw new RangeError('the vocabulary is empty');
        return { ...best, candidates };
      });
    },
    nextCharacters(prefix, options) {
      if (!continuesTexts(spec)) throw new RangeError('this model ranks no characters that follow a text');
      const ids = characters(prefix).map((character) => tokens.encode(character));
      if (ids.length === 0) throw new RangeError('the prefix is empty');
      const { top, temperature } = options;
      const scores = scorer.last(ids.slice(-spec.steps));
      return topOfScores(scores, Math.min(top, tokens.size), temperature).map(({ id, probability }) => ({
        character: tokens.decode(id),
        probability,
      }));
    },
  };
}

function partsOf({ mixture }: Pack): Part[] {
  return [
    'mixture',
    'recurrent',
    ...(mixture?.rules ? (['rules'] as const) : []),
    ...(mixture?.neighbours ? (['neighbours'] as const) : []),
  ];
}

/** The k likeliest ids of a softmax over the temperature. */
function topOfScores(scores: Scores, k: number, temperature = 1): Ranked[] {
  const sum = scores.logSumExp(temperature);
  return scores.top(k).map((id) => ({ id, probability: probabilityOf(scores, id, temperature, sum) }));
}

function topOfCandidates({ ids, probabilities }: Candidates, k: number): Ranked[] {
  return largest(probabilities, k).map((i) => ({ id: ids[i] ?? 0, probability: probabilities[i] ?? 0 }));
}

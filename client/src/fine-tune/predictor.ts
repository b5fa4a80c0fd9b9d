import { topOfSoftmax } from '@pathcast/models/predictor/ranking';
import { characters } from '@pathcast/models/sequence';
import { Vocabulary } from '@pathcast/models/vocabulary';
import type { LabelStep, Labels, NextPages } from '../types.ts';
import { FineTuneError } from './errors.ts';
import { type HostModel, logitsOf, statesOf } from './forward.ts';
import { check } from './options.ts';

const DEFAULT_TOP = 20;

/** A fine-tuned model in memory. It answers at once, with no request and without tfjs. */
export interface FineTuned {
  readonly model: string;
  /** The base's version: compare it with the API's to know whether a newer base is out. */
  readonly version: string;
  /** SHA-256 of the base's vocabulary, hex. */
  readonly vocabularyDigest: string;
  /** Every page or character that it can name: the head's, then the visitor's own. */
  readonly tokens: readonly string[];
  /** Ranks the pages that may follow a visit; probabilities are conditional on `tokens`. */
  next(options: { readonly history: readonly string[]; readonly top?: number | undefined }): NextPages;
  /** Labels every character of a text. */
  label(options: { readonly text: string; readonly top?: number | undefined }): Labels;
}

/** A fine-tuned model, put together. */
export interface Tuned extends HostModel {
  readonly model: string;
  readonly version: string;
  readonly vocabularyDigest: string;
  /** In id order from 2. */
  readonly tokens: readonly string[];
}

/** Makes a fine-tuned model answer. */
export function createFineTuned(tuned: Tuned): FineTuned {
  const { spec, model, version } = tuned;
  const vocabulary = new Vocabulary(tuned.tokens);
  const ranked = (logits: Float32Array, top: number) =>
    topOfSoftmax(logits, Math.min(top, vocabulary.tokens.length)).map(({ id, probability }) => ({
      token: vocabulary.decode(id) ?? '',
      probability,
    }));
  const encode = (tokens: readonly string[]) => tokens.map((token) => vocabulary.encode(token));
  return {
    model,
    version,
    vocabularyDigest: tuned.vocabularyDigest,
    tokens: vocabulary.tokens,
    next({ history, top = DEFAULT_TOP }) {
      if (spec.task !== 'next') throw new FineTuneError(`${model} labels characters; it ranks no pages`);
      check(Array.isArray(history), 'history', 'must be an array');
      checkTop(top);
      const states = [...statesOf(tuned, encode(history.slice(-spec.steps)))];
      const logits = logitsOf(tuned, states.at(-1) ?? new Float32Array(spec.hiddenUnits));
      const next = ranked(logits, top).map(({ token, probability }) => ({ page: token, probability }));
      return { model, version, next };
    },
    label({ text, top }) {
      if (spec.task !== 'label') throw new FineTuneError(`${model} ranks pages; it labels no characters`);
      check(typeof text === 'string' && text !== '', 'text', 'must be a non-empty string');
      checkTop(top ?? 1);
      const steps = Array.from(statesOf(tuned, encode(characters(text))), (state): LabelStep => {
        const candidates = ranked(logitsOf(tuned, state), top ?? 1).map(({ token, probability }) => ({
          label: token,
          probability,
        }));
        const { label = '', probability = 0 } = candidates[0] ?? {};
        return { label, probability, ...(top !== undefined && { candidates }) };
      });
      return { model, version, text: steps.map(({ label }) => label).join(''), steps };
    },
  };
}

function checkTop(top: number): void {
  check(Number.isInteger(top) && top >= 1 && top <= 100, 'top', 'must be a whole number, 1 to 100');
}

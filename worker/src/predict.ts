import type {
  Instance,
  LabelPrediction,
  NextCharactersPrediction,
  NextPrediction,
  PredictRequest,
  PrefixInstance,
} from '@pathcast/models/api';
import { DEFAULT_TOP } from '@pathcast/models/api';
import { continuesTexts } from '@pathcast/models/predictor/characters';
import type { Part } from '@pathcast/models/predictor/parts';
import type { Predictor } from '@pathcast/models/predictor/predictor';
import { characters } from '@pathcast/models/sequence';
import { invalid } from './request.ts';
import type { Rows } from './rows.ts';

/** What was predicted, by what the instances were. */
export type Predictions =
  | { readonly kind: 'history'; readonly predictions: NextPrediction[] }
  | { readonly kind: 'text'; readonly predictions: LabelPrediction[] }
  | { readonly kind: 'prefix'; readonly predictions: NextCharactersPrediction[] };

/**
 * Answers every instance, in order.
 * @throws ProblemError `invalid-request` naming the first instance that the model's task cannot take.
 */
export function predict(
  predictor: Predictor,
  rows: Rows,
  { top, part }: Pick<PredictRequest, 'top' | 'part'>,
): Predictions {
  const { instances } = rows;
  checkPart(predictor, part);
  if (predictor.spec.task === 'label') {
    // What the first instance asks for, all must: an answer has predictions of one kind.
    if (instances[0] && 'prefix' in instances[0]) {
      const prefixes = instances.map((instance, i) => prefixOf(predictor, instance, i, rows));
      return {
        kind: 'prefix',
        predictions: prefixes.map((prefix) => nextCharacters(predictor, prefix, top)),
      };
    }
    const texts = instances.map((instance, i) => textOf(predictor, instance, i, rows));
    return { kind: 'text', predictions: texts.map((text) => label(predictor, text, top)) };
  }
  const histories = instances.map((instance, i) => historyOf(instance, i, rows));
  return { kind: 'history', predictions: next(predictor, histories, top, part) };
}

/**
 * Ranks the pages after one history.
 * @throws ProblemError `invalid-request` when the model labels characters, or has no such part.
 */
export function predictNext(
  predictor: Predictor,
  { history, top, part }: { history: string[]; top?: number | undefined; part?: Part | undefined },
): NextPrediction {
  checkPart(predictor, part);
  if (predictor.spec.task !== 'next') {
    throw invalid('model: it labels characters and ranks no pages; send it a text with :predict');
  }
  const [prediction] = next(predictor, [history], top, part);
  return prediction ?? { next: [] };
}

function next(
  predictor: Predictor,
  histories: readonly (readonly string[])[],
  top: number = DEFAULT_TOP,
  part?: Part,
): NextPrediction[] {
  const ranked = predictor.nextOfEach(histories, { top, ...(part ? { part } : {}) });
  return ranked.map((next) => ({ next }));
}

function label(predictor: Predictor, text: string, top: number | undefined): LabelPrediction {
  const steps = predictor.label(text, { top: top ?? 1 });
  return {
    text: steps.map((step) => step.label).join(''),
    steps: steps.map(({ label, probability, candidates }) =>
      top === undefined ? { label, probability } : { label, probability, candidates: [...candidates] },
    ),
  };
}

function nextCharacters(
  predictor: Predictor,
  { prefix, top, temperature }: PrefixInstance,
  requestTop: number = DEFAULT_TOP,
): NextCharactersPrediction {
  return { next: predictor.nextCharacters(prefix, { top: top ?? requestTop, temperature }) };
}

function checkPart({ parts }: Predictor, part: Part | undefined): void {
  if (part && !parts.includes(part)) {
    throw invalid(`part: this model has no part "${part}", only ${parts.join(', ')}`);
  }
}

function historyOf(instance: Instance, index: number, { nameOf }: Rows): string[] {
  if ('history' in instance) return instance.history;
  throw invalid(
    `${nameOf(index)}: this model ranks pages; send a history, not a ${'text' in instance ? 'text' : 'prefix'}`,
  );
}

function prefixOf({ spec }: Predictor, instance: Instance, index: number, { nameOf }: Rows): PrefixInstance {
  if (!('prefix' in instance)) {
    throw invalid(
      `${nameOf(index)}: the first instance has a prefix; send all of them one, in a request of its own`,
    );
  }
  if (!continuesTexts(spec)) {
    throw invalid(
      `${nameOf(index, 'prefix')}: this model gives characters labels of their own, so nothing continues a prefix; send a text`,
    );
  }
  return instance;
}

function textOf({ spec }: Predictor, instance: Instance, index: number, { nameOf }: Rows): string {
  if ('prefix' in instance) {
    throw invalid(`${nameOf(index)}: the first instance has a text; send prefixes in a request of their own`);
  }
  if (!('text' in instance)) {
    throw invalid(`${nameOf(index)}: this model labels characters; send a text, not a history`);
  }
  const { length } = characters(instance.text);
  if (length > spec.steps) {
    throw invalid(
      `${nameOf(index, 'text')}: it has ${length} characters; this model labels at most ${spec.steps}`,
    );
  }
  return instance.text;
}

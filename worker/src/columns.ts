import type {
  LabelPrediction,
  NextCharactersPrediction,
  NextPrediction,
  Outputs,
} from '@pathcast/models/api';
import type { Predictions } from './predict.ts';

interface Labelled {
  readonly label: string;
  readonly probability: number;
}

/** Predictions as TensorFlow Serving's columns: rectangular tensors, short rows ending with "" and 0. */
export function columnsOf({ kind, predictions }: Predictions): Outputs {
  if (kind === 'text') return labels(predictions);
  return kind === 'prefix' ? characters(predictions) : pages(predictions);
}

function pages(predictions: readonly NextPrediction[]): Outputs {
  return {
    page: rectangle(
      predictions.map(({ next }) => next.map(({ page }) => page)),
      '',
    ),
    probability: rectangle(
      predictions.map(({ next }) => next.map(({ probability }) => probability)),
      0,
    ),
  };
}

function characters(predictions: readonly NextCharactersPrediction[]): Outputs {
  return {
    character: rectangle(
      predictions.map(({ next }) => next.map(({ character }) => character)),
      '',
    ),
    probability: rectangle(
      predictions.map(({ next }) => next.map(({ probability }) => probability)),
      0,
    ),
  };
}

function labels(predictions: readonly LabelPrediction[]): Outputs {
  const columns = labelled(predictions.map(({ steps }) => steps));
  if (!predictions[0]?.steps[0]?.candidates) return columns;
  const candidates = predictions.map(({ steps }) => steps.map(({ candidates }) => candidates ?? []));
  const depth = candidates[0]?.[0]?.length ?? 0; // the same at every step: the model's, or what was asked for
  const blank = Array<Labelled>(depth).fill({ label: '', probability: 0 });
  const tensors = rectangle(candidates, blank).map(labelled);
  return {
    ...columns,
    candidate_label: tensors.map(({ label }) => label),
    candidate_probability: tensors.map(({ probability }) => probability),
  };
}

function labelled(rows: readonly (readonly Labelled[])[]) {
  return {
    label: rectangle(
      rows.map((row) => row.map(({ label }) => label)),
      '',
    ),
    probability: rectangle(
      rows.map((row) => row.map(({ probability }) => probability)),
      0,
    ),
  };
}

/** Fills rows up to the longest. */
function rectangle<T>(rows: readonly (readonly T[])[], filler: T): T[][] {
  const width = Math.max(...rows.map((row) => row.length));
  return rows.map((row) => [...row, ...Array<T>(width - row.length).fill(filler)]);
}

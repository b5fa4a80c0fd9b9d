import type { LabelPrediction, NextCharactersPrediction, NextPrediction } from '@pathcast/models/api';
import { each, type Guard, optional, probability, record, text } from './guards.ts';
import type { LabelProbability } from './types.ts';

export const nextPrediction: Guard<NextPrediction> = record({
  next: each(record({ page: text, probability })),
});

export const nextCharactersPrediction: Guard<NextCharactersPrediction> = record({
  next: each(record({ character: text, probability })),
});

const scored = { label: text, probability };

export const labelPrediction: Guard<LabelPrediction> = record({
  text,
  steps: each(record({ ...scored, candidates: optional<LabelProbability[]>(each(record(scored))) })),
});

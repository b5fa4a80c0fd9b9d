import type { LabelPrediction, NextCharactersPrediction, NextPrediction } from '@pathcast/models/api';

/** Names the first field of an answer that is wrong; thrown by the guards, caught by the client. */
export class BadField {
  constructor(readonly field: string) {}
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

type Guard<T> = (value: unknown, field: string) => T;

/** Version and the single prediction of a `:predict` answer. */
export function firstPrediction<T>(body: unknown, guard: Guard<T>): T & { model: string; version: string } {
  const { model, version, predictions } = record(body, 'body');
  const [prediction] = list(predictions, 'predictions', guard);
  expect(prediction, 'predictions');
  return { model: string(model, 'model'), version: string(version, 'version'), ...prediction };
}

export const nextPrediction: Guard<NextPrediction> = ranked('page');

export const nextCharactersPrediction: Guard<NextCharactersPrediction> = ranked('character');

export const labelPrediction: Guard<LabelPrediction> = (value, field) => {
  const { text, steps } = record(value, field);
  return {
    text: string(text, `${field}.text`),
    steps: list(steps, `${field}.steps`, (step, at) => {
      const scored = label(step, at);
      const { candidates } = record(step, at);
      if (candidates === undefined) return scored;
      return { ...scored, candidates: list(candidates, `${at}.candidates`, label) };
    }),
  };
};

/** A ranking of what has this key. */
function ranked<Key extends string>(key: Key) {
  return (value: unknown, field: string) => {
    const { next } = record(value, field);
    return { next: list(next, `${field}.next`, scored(key)) };
  };
}

/** What is ranked, under its key, and its probability. */
function scored<Key extends string>(key: Key): Guard<Record<Key, string> & { probability: number }> {
  return (value, field) => {
    const { [key]: name, probability } = record(value, field);
    string(name, `${field}.${key}`);
    expect(typeof probability === 'number' && probability >= 0 && probability <= 1, `${field}.probability`);
    // A computed key's type is a string's, whichever it is.
    return { [key]: name, probability } as Record<Key, string> & { probability: number };
  };
}

const label = scored('label');

function record(value: unknown, field: string): Record<string, unknown> {
  expect(isRecord(value), field);
  return value;
}

function string(value: unknown, field: string): string {
  expect(typeof value === 'string', field);
  return value;
}

function list<T>(value: unknown, field: string, guard: Guard<T>): T[] {
  expect(Array.isArray(value), field);
  return value.map((item, index) => guard(item, `${field}[${index}]`));
}

function expect(holds: unknown, field: string): asserts holds {
  if (!holds) throw new BadField(field);
}

import type { LabelPrediction, NextPrediction } from '@pathcast/models/api';

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
  expect(!!prediction, 'predictions');
  return { model: string(model, 'model'), version: string(version, 'version'), ...prediction };
}

export const nextPrediction: Guard<NextPrediction> = (value, field) => ({
  next: list(record(value, field).next, `${field}.next`, (item, at) => ({
    page: string(record(item, at).page, `${at}.page`),
    probability: probability(item, at),
  })),
});

export const labelPrediction: Guard<LabelPrediction> = (value, field) => {
  const { text, steps } = record(value, field);
  return {
    text: string(text, `${field}.text`),
    steps: list(steps, `${field}.steps`, (step, at) => {
      const { candidates } = record(step, at);
      return {
        ...label(step, at),
        ...(candidates !== undefined && { candidates: list(candidates, `${at}.candidates`, label) }),
      };
    }),
  };
};

function label(value: unknown, field: string) {
  const { label } = record(value, field);
  return { label: string(label, `${field}.label`), probability: probability(value, field) };
}

function probability(value: unknown, field: string): number {
  const { probability: p } = record(value, field);
  expect(typeof p === 'number' && p >= 0 && p <= 1, `${field}.probability`);
  return p;
}

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

function expect(holds: boolean, field: string): asserts holds {
  if (!holds) throw new BadField(field);
}

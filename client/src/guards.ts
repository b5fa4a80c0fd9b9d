import { InputError } from './errors.ts';

/** Gives back a value that is a T; throws an InputError that names the field of one that is not. */
export type Guard<T> = (value: unknown, field?: string) => T;

/** @param holds whether a value is a T; given as one, so it must look at the type first. */
const must =
  <T>(holds: (value: T) => unknown, rule: string): Guard<T> =>
  (value, field) => {
    if (holds(value as T)) return value as T; // as the test has found
    throw new InputError(field as string, `must be ${rule}`); // what is told no field is a record
  };

export const string = must<string>((value) => typeof value === 'string', 'a string');

export const text = must<string>((value) => value && typeof value === 'string', 'a non-empty string');

export const probability = must<number>(
  (value) => typeof value === 'number' && value >= 0 && value <= 1,
  '0 to 1',
);

export const whole = (most: number): Guard<number> =>
  must((value) => value > 0 && value <= most && value % 1 === 0, `a whole number, 1 to ${most}`);

const list = must<unknown[]>(Array.isArray, 'an array');

/** Takes the default for what is missing. */
export const optional =
  <T, Default = undefined>(guard: Guard<T>, byDefault?: Default): Guard<T | Default> =>
  (value, field) =>
    value === undefined ? (byDefault as Default) : guard(value, field);

export const each =
  <T>(guard: Guard<T>): Guard<T[]> =>
  (value, field) =>
    list(value, field).map((item, index) => guard(item, `${field}[${index}]`));

/** An object of these fields; others are left out. */
export const record =
  <T>(guards: { readonly [Key in keyof T]: Guard<T[Key]> }): Guard<T> =>
  (value, field) => {
    const fields = {} as T; // until the loop has filled it
    for (const key in guards)
      fields[key] = guards[key]((value as T | undefined)?.[key], field ? `${field}.${key}` : key);
    return fields;
  };

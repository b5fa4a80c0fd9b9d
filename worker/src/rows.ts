import type { Instance, PredictRequest } from '@pathcast/models/api';

/** The instances of a request, whichever form they came in. */
export interface Rows {
  readonly form: 'rows' | 'columns';
  readonly instances: readonly Instance[];
  /** Where an instance, or its value, stood in the request, for errors: `instances[2].text` or `inputs.text[2]`. */
  readonly nameOf: (index: number, field?: 'text' | 'prefix') => string;
}

/** Reads rows and columns alike into instances with names. A bare list is a history, and a bare string a text. */
export function rowsOf({ instances = [], inputs }: PredictRequest): Rows {
  if (inputs === undefined) {
    const hasFields = (i: number) => typeof instances[i] === 'object' && !Array.isArray(instances[i]);
    return {
      form: 'rows',
      instances: instances.map(named),
      nameOf: (i, field) => `instances[${i}]${field && hasFields(i) ? `.${field}` : ''}`,
    };
  }
  if (Array.isArray(inputs)) {
    return { form: 'columns', instances: inputs.map(named), nameOf: (i) => `inputs[${i}]` };
  }
  const { history, text, prefix } = inputs;
  const column: Instance[] = [
    ...(history ?? []).map((history) => ({ history })),
    ...(text ?? []).map((text) => ({ text })),
    ...(prefix ?? []).map((prefix) => ({ prefix })),
  ];
  const [name] = Object.keys(inputs);
  return { form: 'columns', instances: column, nameOf: (i) => `inputs.${name}[${i}]` };
}

function named(instance: Instance | string[] | string): Instance {
  if (typeof instance === 'string') return { text: instance };
  return Array.isArray(instance) ? { history: instance } : instance;
}

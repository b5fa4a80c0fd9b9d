/** One figure of a bench, beside the bar it is held against. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Such as `≤ 1.6`; empty where the figure is there to be read. */
  readonly bar: string;
  readonly holds: boolean;
}

export interface Bench {
  /** What is measured, in a sentence. */
  readonly title: string;
  run(): Promise<Row[]>;
}

/** A figure that must not exceed its bar. */
export function atMost(what: string, value: number, bar: number, unit = ''): Row {
  return { what, value, unit, bar: `≤ ${rounded(bar)}`, holds: value <= bar };
}

/** A figure that must reach its bar. */
export function atLeast(what: string, value: number, bar: number, unit = ''): Row {
  return { what, value, unit, bar: `≥ ${rounded(bar)}`, holds: value >= bar };
}

/** A figure that must lie within `by` of its bar. */
export function near(what: string, value: number, bar: number, by: number, unit = ''): Row {
  return { what, value, unit, bar: `${rounded(bar)} ± ${by}`, holds: Math.abs(value - bar) <= by };
}

/** A figure to be read beside the others. */
export function figure(what: string, value: number, unit = ''): Row {
  return { what, value, unit, bar: '', holds: true };
}

function rounded(bar: number): number {
  return Number(bar.toPrecision(4));
}

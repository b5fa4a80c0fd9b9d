/** Figures as text, the same on every machine: a fixed locale, and no-break spaces before units. */

const NBSP = '\u00a0';

const significant = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 4 });

/** `60,858`. */
export function count(value: number): string {
  return value.toLocaleString('en-GB');
}

/** A share as a percentage without its sign, `52.4`: columns and axes name the unit once. */
export function percent(share: number, digits = 1): string {
  return (share * 100).toFixed(digits);
}

/** A share in a sentence: `52.4 %`. */
export function share(value: number): string {
  return `${percent(value)}${NBSP}%`;
}

/** A difference of shares in percentage points, with its sign: `+3.1`. */
export function signed(difference: number): string {
  const text = percent(Math.abs(difference));
  if (Number(text) === 0) return text;
  return `${difference < 0 ? '−' : '+'}${text}`;
}

/** The ends of an interval: `52.0 to 52.8`. */
export function range(
  [low, high]: readonly [number, number],
  format: (share: number) => string = percent,
): string {
  return `${format(low)} to ${format(high)}`;
}

/** What a row of a breakdown covers: `1`, `2–3`, `1,024+`. */
export function span({ from, to }: { from: number; to: number | null }): string {
  if (to === null) return `${count(from)}+`;
  return from === to ? count(from) : `${count(from)}–${count(to)}`;
}

/** Any other figure, to four significant digits; powers of ten where it is tiny. */
export function figure(value: number): string {
  const size = Math.abs(value);
  return size > 0 && size < 1e-3 ? value.toExponential(1).replace('.0e', 'e') : significant.format(value);
}

/** A loss, to the thousandth, or to two significant digits where it is smaller than a hundredth. */
export function loss(value: number): string {
  return Math.abs(value) < 0.01 && value !== 0 ? value.toPrecision(2) : value.toFixed(3);
}

/** `42 s`, `14 min 5 s`, `2 h 3 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? figure(seconds) : Math.round(seconds)}${NBSP}s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}${NBSP}h ${minutes}${NBSP}min` : `${minutes}${NBSP}min ${whole % 60}${NBSP}s`;
}

/** `27.8 MB`, in powers of 1,000. */
export function byteSize(bytes: number): string {
  const power = Math.min(3, Math.max(1, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${(bytes / 1000 ** power).toFixed(1)}${NBSP}${['B', 'kB', 'MB', 'GB'][power]}`;
}

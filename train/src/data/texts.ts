import { characters } from '@pathcast/models/sequence';
import { UserError } from '../user-error.ts';
import { BadLinesError } from './requests/bad-lines.ts';
import { readLines } from './sources/lines.ts';

/** A line is a pair, `input<TAB>target` of equal length, or a text whose every character is followed by the next. */
export const TEXT_FORMATS = ['pairs', 'lines'] as const;
export type TextFormat = (typeof TEXT_FORMATS)[number];

/** Characters and the label of each: as many of one as of the other, at least one. */
export interface LabelledText {
  readonly input: string;
  readonly target: string;
}

/** What a file of texts holds, in the order of its lines. */
export interface Texts {
  readonly format: TextFormat;
  readonly texts: readonly LabelledText[];
  /** Lines by what became of them; `short` ones have a single character, which nothing follows. */
  readonly counts: {
    readonly read: number;
    readonly empty: number;
    readonly short: number;
    readonly bad: number;
  };
  /** The first bad lines, and what is wrong with each. */
  readonly badLines: readonly string[];
}

/** How many bad lines are named. */
const SHOWN = 3;

/** A line without its break that may be read as text, or why it may not. */
interface RawLine {
  readonly text: string;
  readonly number: number;
  readonly defect: string | undefined;
}

/**
 * Reads a file of pairs or of lines: UTF-8, compressed or not. Empty lines are passed over.
 * @param options.format by default told by content: pairs, where most lines have one tab.
 * @param options.steps the longest pair, in characters; lines may have any length.
 * @param options.maxBad percent of the lines that are not empty.
 * @throws UserError naming the file when it cannot be read or holds nothing to learn from; BadLinesError when too many lines are bad.
 */
export async function readTexts(
  path: string,
  { format: asked, steps, maxBad }: { format?: TextFormat | undefined; steps: number; maxBad: number },
): Promise<Texts> {
  const { lines, empty } = await readRaw(path);
  const format = asked ?? recogniseTexts(lines);
  const texts: LabelledText[] = [];
  const bad: string[] = [];
  let short = 0;
  for (const { text, number, defect } of lines) {
    const parsed = defect ?? (format === 'pairs' ? parsePair(text, steps) : parseLine(text));
    if (parsed === undefined) short++;
    else if (typeof parsed !== 'string') texts.push(parsed);
    else bad.push(`line ${number}: ${parsed}`);
  }
  const badLines = bad.slice(0, SHOWN);
  if (bad.length > (maxBad / 100) * lines.length) {
    const share = Number(((bad.length / lines.length) * 100).toPrecision(2));
    const counts = `${bad.length.toLocaleString('en')} of ${lines.length.toLocaleString('en')} lines`;
    const head = `${path}: ${counts} cannot be read as ${format} (${share} %, more than --max-bad ${maxBad})`;
    throw new BadLinesError([head, ...badLines.map((line) => `  ${line}`)].join('\n'));
  }
  if (texts.length === 0) throw new UserError(`${path}: ${whyNone(short)}`);
  return { format, texts, counts: { read: lines.length, empty, short, bad: bad.length }, badLines };
}

async function readRaw(path: string): Promise<{ lines: RawLine[]; empty: number }> {
  const lines: RawLine[] = [];
  let empty = 0;
  for await (const { text, number, defect } of readLines(path)) {
    if (defect === undefined && text.trim() === '') empty++;
    else lines.push({ text, number, defect: defect ? DEFECTS[defect] : controlIn(text) });
  }
  return { lines, empty };
}

const DEFECTS = { encoding: 'it is not UTF-8 text', length: 'it is longer than 2 MiB' } as const;

/** Files that are no text, or whose lines end otherwise, are full of these. */
function controlIn(text: string): string | undefined {
  if (text.includes('\0')) return 'it holds a NUL, so it is no UTF-8 text';
  return text.includes('\r') ? 'it holds a carriage return' : undefined;
}

function recogniseTexts(lines: readonly RawLine[]): TextFormat {
  const readable = lines.filter(({ defect }) => !defect);
  const paired = readable.filter(({ text }) => text.split('\t', 3).length === 2).length;
  return paired > 0 && paired * 2 >= readable.length ? 'pairs' : 'lines';
}

/** A pair, or what is wrong with it. */
function parsePair(text: string, steps: number): LabelledText | string {
  const [input = '', target, ...rest] = text.split('\t');
  if (target === undefined) return 'it has no tab between input and target';
  if (rest.length > 0) return `it has ${rest.length + 1} tabs, a pair has one`;
  const [inputs, targets] = [characters(input).length, characters(target).length];
  if (inputs !== targets) return `input and target have ${inputs} and ${targets} characters`;
  return inputs > steps
    ? `it has ${inputs} characters a side, more than --steps ${steps}`
    : { input, target };
}

/** A line's characters, labelled with the next ones; undefined where there is only one. */
function parseLine(text: string): LabelledText | undefined {
  // By code points: a character beyond the first plane is two units of a string.
  const input = text.replace(/.$/su, '');
  return input === '' ? undefined : { input, target: text.replace(/^./su, '') };
}

function whyNone(short: number): string {
  if (short === 0) return 'it holds no text to learn from';
  return 'no line has two characters or more, so nothing follows any of them';
}

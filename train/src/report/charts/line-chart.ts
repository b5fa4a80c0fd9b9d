import type { Html } from '../html.ts';
import { type HorizontalAxis, isTall, type VerticalAxis, xAxis, yAxis } from './axis.ts';
import { type ChartText, drawSvg, FONT_SIZE, MUTED } from './svg.ts';
import { colour, type Tone } from './tone.ts';

export interface Line {
  /** Written at the line's end, in its colour. */
  readonly name: string;
  /** x, y; with categories x is the place, from 0. */
  readonly points: readonly (readonly [number, number])[];
  readonly tone: Tone;
  readonly isDashed?: boolean;
  /** Diameter of each point's mark; 0 draws none. */
  readonly marks?: number | readonly number[];
  /** A point to single out, and what is written beside it. */
  readonly chosen?: ChosenPoint;
}

export interface ChosenPoint {
  readonly point: readonly [number, number];
  readonly label: string;
  /** Clear of a rising line, where above is clear of a falling one. */
  readonly isLabelBelow?: boolean;
}

export interface LineChart extends ChartText {
  readonly x: HorizontalAxis;
  readonly y: VerticalAxis;
  readonly lines: readonly Line[];
  /** A value of x that is drawn as an upright line, such as a budget. */
  readonly limit?: { readonly x: number; readonly label: string };
}

const HEIGHT = 290;
const LEFT = 42;

/** Lines with their names at their ends: no legend to look up. */
export function lineChart({ x, y, lines, limit, ...text }: LineChart): Html {
  const longest = Math.max(0, ...lines.map(({ name }) => name.length));
  const end = Math.max(...lines.flatMap(({ points }) => points.map(([at]) => at)));
  const option = {
    grid: { left: LEFT, right: 22 + longest * 6.6, top: 32, bottom: isTall(x) ? 60 : 48 },
    xAxis: xAxis(x),
    yAxis: yAxis(y, LEFT),
    series: [...lines.flatMap((line) => seriesOf(line, end)), ...(limit ? [limitSeries(limit)] : [])],
  };
  return drawSvg(option, HEIGHT, text);
}

const quiet = { type: 'line' as const, silent: true, emphasis: { disabled: true } };

/** @param end where the longest line ends: the name of a shorter one goes above it, clear of the others. */
function seriesOf({ name, points, tone, isDashed = false, marks = 6, chosen }: Line, end: number) {
  const isShort = (points.at(-1)?.[0] ?? end) < end;
  const sizes = typeof marks === 'number' ? points.map(() => marks) : marks;
  const line = {
    ...quiet,
    data: points.map((point, i) => ({ value: [...point], symbolSize: sizes[i] ?? 0 })),
    symbol: 'circle',
    showAllSymbol: true,
    color: colour(tone),
    lineStyle: { width: 2, type: isDashed ? [5, 4] : ('solid' as const) },
    itemStyle: { color: colour(tone), borderWidth: 0 },
    endLabel: {
      ...plainText(colour(tone)),
      show: name !== '',
      formatter: () => name,
      distance: 6,
      ...(isShort && { offset: [-24, -16] }),
    },
    labelLayout: { moveOverlap: 'shiftY' as const },
  };
  return chosen ? [line, chosenSeries(chosen, tone)] : [line];
}

function chosenSeries({ point, label, isLabelBelow = false }: ChosenPoint, tone: Tone) {
  return {
    ...quiet,
    data: [[...point]],
    symbol: 'circle',
    symbolSize: 12,
    itemStyle: { color: 'var(--paper)', borderColor: colour(tone), borderWidth: 3 },
    label: {
      ...plainText('var(--ink)'),
      show: true,
      position: 'right' as const,
      distance: 8,
      offset: [0, isLabelBelow ? 10 : -10],
      formatter: () => label,
    },
  };
}

function limitSeries({ x, label }: NonNullable<LineChart['limit']>) {
  return {
    ...quiet,
    data: [],
    color: MUTED,
    markLine: {
      silent: true,
      symbol: 'none',
      data: [{ xAxis: x }],
      lineStyle: { color: MUTED, type: [3, 3], width: 1 },
      label: { ...plainText(MUTED), formatter: () => label, position: 'insideEndTop' as const },
    },
  };
}

/** Without the white halo that echarts would draw, which is no good on a dark page. */
function plainText(color: string) {
  return { color, fontSize: FONT_SIZE, textBorderWidth: 0, textBorderColor: 'transparent' };
}

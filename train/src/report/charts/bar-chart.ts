import type { Html } from '../html.ts';
import { type ChartText, drawSvg, FONT_SIZE, INK } from './svg.ts';
import { colour, type Tone } from './tone.ts';

export interface BarChart extends ChartText {
  /** Top to bottom. */
  readonly rows: readonly {
    readonly name: string;
    readonly parts: readonly BarPart[];
    readonly label?: string;
  }[];
  /** What a bar's full width stands for. */
  readonly max: number;
}

export interface BarPart {
  readonly value: number;
  readonly tone: Tone;
  /** Written inside the part. */
  readonly label?: string;
}

const ROW_HEIGHT = 32;

/** Horizontal bars, stacked of their parts, with their figures written on them: no axis to read off. */
export function barChart({ rows, max, ...text }: BarChart): Html {
  const longest = Math.max(...rows.map(({ name }) => name.length));
  const widest = Math.max(0, ...rows.map(({ label }) => label?.length ?? 0));
  const depth = Math.max(...rows.map(({ parts }) => parts.length));
  const option = {
    grid: {
      left: 16 + longest * 7.4,
      right: 8 + widest * 7,
      top: 2,
      bottom: 2,
      outerBoundsMode: 'none' as const,
    },
    xAxis: { type: 'value' as const, show: false, max },
    yAxis: {
      type: 'category' as const,
      inverse: true,
      data: rows.map(({ name }) => name),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: INK, fontSize: FONT_SIZE, interval: 0 },
    },
    series: Array.from({ length: depth }, (_, place) => stackSeries(rows, place, place === depth - 1)),
  };
  return drawSvg(option, rows.length * ROW_HEIGHT + 4, text);
}

function stackSeries(rows: BarChart['rows'], place: number, isLast: boolean) {
  const text = { show: true, fontSize: FONT_SIZE, textBorderWidth: 0, textBorderColor: 'transparent' };
  return {
    type: 'bar' as const,
    stack: 'all',
    silent: true,
    emphasis: { disabled: true },
    barWidth: 22,
    data: rows.map(({ parts, label }) => {
      const part = parts[place];
      const inside = {
        ...text,
        position: 'inside' as const,
        color: 'var(--on)',
        formatter: part?.label ?? '',
      };
      const outside = { ...text, position: 'right' as const, color: INK, formatter: label ?? '' };
      return {
        value: part?.value ?? 0,
        itemStyle: { color: colour(part?.tone ?? 'plain'), borderColor: 'var(--paper)', borderWidth: 1 },
        label: isLast && label ? outside : inside,
      };
    }),
  };
}

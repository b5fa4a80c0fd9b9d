import { figure } from '../format.ts';
import { FONT_SIZE, INK, LINE, MUTED } from './svg.ts';

interface Axis {
  /** With its unit, such as `Recall@20 (%)`. */
  readonly name: string;
  /** By default axes begin and end near their values. */
  readonly min?: number;
  /** Ticks fall on its quarters. */
  readonly max?: number;
}

export interface HorizontalAxis extends Axis {
  /** Named places in order, instead of numbers. */
  readonly categories?: readonly string[];
  /** Whole numbers only, such as epochs. */
  readonly isWhole?: boolean;
}

export interface VerticalAxis extends Axis {
  readonly isLogarithmic?: boolean;
}

const label = { color: MUTED, fontSize: FONT_SIZE - 1 };

export function xAxis(axis: HorizontalAxis) {
  const style = {
    name: axis.name,
    nameLocation: 'middle' as const,
    nameGap: isTall(axis) ? 44 : 30,
    nameTextStyle: { color: INK, fontSize: FONT_SIZE },
    axisLine: { show: true, lineStyle: { color: MUTED } },
    axisTick: { show: false },
    splitLine: { show: false },
  };
  if (axis.categories) {
    const axisLabel = { ...label, ...(axis.categories.length <= MOST_LABELS && { interval: 0 }) };
    return { ...style, type: 'category' as const, data: axis.categories.map(wrapped), axisLabel };
  }
  const axisLabel = { ...label, hideOverlap: true };
  return { ...style, type: 'value' as const, ...extent(axis), minInterval: axis.isWhole ? 1 : 0, axisLabel };
}

/** @param left the grid's distance from the chart's left edge, where the name begins. */
export function yAxis(axis: VerticalAxis, left: number) {
  return {
    type: axis.isLogarithmic ? ('log' as const) : ('value' as const),
    ...extent(axis),
    name: axis.name,
    nameLocation: 'end' as const,
    nameGap: 14,
    nameTextStyle: { color: INK, fontSize: FONT_SIZE, align: 'left' as const, padding: [0, 0, 0, -left] },
    // Powers of ten come as 0.00009999999999999999.
    axisLabel: axis.isLogarithmic ? { ...label, formatter: figure } : label,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: LINE } },
    splitNumber: 4,
  };
}

function extent({ min, max }: Axis) {
  return {
    ...(min === undefined ? { scale: true } : { min }),
    ...(max === undefined ? {} : { max, interval: max / 4 }),
  };
}

/** More places than this have some of their labels left out. */
const MOST_LABELS = 8;

/** Wider ranges take two lines, so that each keeps its label. */
const LONGEST_LABEL = 7;

function wrapped(category: string): string {
  return category.length > LONGEST_LABEL ? category.replace('–', '–\n') : category;
}

/** Whether labels take two lines, and the grid must leave more room below. */
export function isTall({ categories = [] }: HorizontalAxis): boolean {
  return categories.some((category) => category.length > LONGEST_LABEL);
}

import { BarChart, type BarSeriesOption, LineChart, type LineSeriesOption } from 'echarts/charts';
import {
  GridComponent,
  type GridComponentOption,
  MarkLineComponent,
  type MarkLineComponentOption,
} from 'echarts/components';
import { type ComposeOption, init, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';
import { type Html, html, trusted } from '../html.ts';

use([BarChart, LineChart, GridComponent, MarkLineComponent, LabelLayout, SVGRenderer]);

export type ChartOption = ComposeOption<
  BarSeriesOption | LineSeriesOption | GridComponentOption | MarkLineComponentOption
>;

/** What a chart is called, and what a reader who cannot see it is told. */
export interface ChartText {
  /** Of the SVG, and a prefix of every id in it: unique within the page. */
  readonly id: string;
  readonly title: string;
  readonly summary: string;
}

/** Narrow enough that text stays legible when a phone shrinks a chart to its screen. */
export const CHART_WIDTH = 420;

export const FONT_SIZE = 13;

/** Colours are the page's own variables, so that one drawing serves light, dark and print. */
export const INK = 'var(--ink)';
export const MUTED = 'var(--muted)';
export const LINE = 'var(--line)';

/**
 * Draws a chart as inline SVG without a browser: no script, nothing to fetch, the same bytes for the same input.
 * @param height in CSS pixels at full size; the page may shrink the drawing.
 */
export function drawSvg(option: ChartOption, height: number, { id, title, summary }: ChartText): Html {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: CHART_WIDTH, height });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit', fontSize: FONT_SIZE },
      ...option,
    });
    const drawing = clean(chart.renderToSVGString(), id);
    return html`<svg id="${id}" role="img" aria-labelledby="${id}-title ${id}-summary" viewBox="0 0 ${CHART_WIDTH} ${height}">
<title id="${id}-title">${title}</title><desc id="${id}-summary">${summary}</desc>
${trusted(drawing)}
</svg>`;
  } finally {
    chart.dispose();
  }
}

/**
 * Takes out the outer tag and what only a live chart needs, and names ids after the chart: echarts numbers them through
 * the process. Text is escaped by then, so that no quotation mark of a user's is met here.
 */
function clean(svg: string, id: string): string {
  return svg
    .replace(/^<svg[^>]*>|<\/svg>\s*$/g, '')
    .replace(/<style.*?<\/style>/gs, '')
    .replace(/ (class|pointer-events|ecmeta_\w+|xml:space)="[^"]*"/g, '')
    .replace(/(id="|url\(#)zr\d+-/g, `$1${id}-`)
    .trim();
}

import { type Html, html } from './html.ts';

export interface Figure {
  readonly title: string;
  readonly chart: Html;
  /** What it takes to read it. */
  readonly note?: string | Html | undefined;
}

/** A chart under its title. */
export function figureOf({ title, chart, note }: Figure): Html {
  const explained = note === undefined ? undefined : html`<p>${note}</p>`;
  return html`<figure><figcaption><h3>${title}</h3>${explained}</figcaption>
${chart}</figure>`;
}

export interface TableRow {
  readonly cells: readonly string[];
  /** Set in bold, such as the chosen one. */
  readonly isMarked?: boolean;
}

export interface Table {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly TableRow[];
}

/** Exact figures; the first column names the row, the others are numbers. */
export function tableOf({ caption, head, rows }: Table): Html {
  return html`<div class="table" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(rowOf)}
</tbody></table></div>`;
}

function rowOf({ cells: [name, ...figures], isMarked }: TableRow): Html {
  const cells = html`<th scope="row">${name}</th>${figures.map((cell) => html`<td>${cell}</td>`)}`;
  return isMarked ? html`<tr class="marked">${cells}</tr>` : html`<tr>${cells}</tr>`;
}

export interface Section {
  readonly title: string;
  /** A sentence or two: what is shown, and how to read it. */
  readonly lead: string;
  readonly charts: readonly Html[];
  readonly tables: readonly Html[];
}

/** Charts side by side where there is room and their tables below; a single chart has its table beside it. */
export function sectionOf({ title, lead, charts, tables }: Section): Html {
  const isPair = charts.length === 1;
  return html`<section><h2>${title}</h2>
<p>${lead}</p>
<div class="charts">
${charts}
${isPair ? tables : undefined}
</div>
${isPair ? undefined : tables}
</section>`;
}

/** Names and values, in columns where there is room. */
export function factsOf(facts: readonly (readonly [name: string, value: string])[]): Html {
  return html`<dl class="facts">${pairsOf(facts)}</dl>`;
}

/** The few figures that matter most, in a row. */
export function keyFiguresOf(facts: readonly (readonly [name: string, value: string])[]): Html | undefined {
  return facts.length === 0 ? undefined : html`<dl class="key">${pairsOf(facts)}</dl>`;
}

function pairsOf(facts: readonly (readonly [name: string, value: string])[]): Html {
  return html`${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}`;
}

/** Markup that is safe to insert: made by {@link html}, or vouched for by {@link trusted}. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = Html | string | number | undefined | readonly Html[];

/** A template whose values are escaped, bar what is {@link Html} already; undefined leaves nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  const parts = values.map((value, i) => `${rendered(value)}${strings[i + 1]}`);
  return new Html(`${strings[0]}${parts.join('')}`);
}

/** Vouches for markup that holds no text of a user's, or holds it escaped. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

function rendered(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('\n');
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The element of an id in `index.html`. @throws Error when the page has none of that type. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`the page has no ${type.name} #${id}`);
}

/** Creates an element with a class and children; strings become text, never markup. */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** A probability, 0 to 1, for reading: `31 %`, `0.4 %`, `< 0.1 %`. */
export function percent(probability: number): string {
  const value = probability * 100;
  if (value > 0 && value < 0.1) return '< 0.1 %';
  return `${value < 10 && value > 0 ? value.toFixed(1) : value.toFixed(0)} %`;
}

/** The same in the least room, for columns of numbers: `31`, `<1`. */
export function shortPercent(probability: number): string {
  const value = Math.round(probability * 100);
  return value === 0 && probability > 0 ? '<1' : `${value}`;
}

/** A bar whose length is a probability; its number stands beside it, so it is hidden from readers. */
export function bar(probability: number): HTMLElement {
  const element = create('span', 'bar');
  element.ariaHidden = 'true';
  element.style.setProperty('--share', String(probability));
  return element;
}

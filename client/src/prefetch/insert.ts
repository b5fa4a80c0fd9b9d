/** Puts an element into the page's head until the signal aborts. @throws TypeError where the site demands trusted types. */
export function insert(name: string, properties: object, signal: AbortSignal): void {
  const element = Object.assign(document.createElement(name), properties);
  document.head.append(element);
  signal.addEventListener('abort', () => element.remove());
}

/** A line's JSON object, or undefined where it holds none. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The fields of some lines' objects, those of nested objects as `outer.inner`, and each one's SQL JSON path.
 * Lines that hold no object are passed over.
 */
export function jsonPaths(lines: readonly string[]): Map<string, string> {
  const paths = new Map<string, string>();
  const walk = (value: Record<string, unknown>, names: readonly string[]): void => {
    for (const [name, inner] of Object.entries(value)) {
      const path = [...names, name];
      if (isObject(inner) && path.length < DEPTH) walk(inner, path);
      else paths.set(path.join('.'), `$.${path.map((each) => JSON.stringify(each)).join('.')}`);
    }
  };
  for (const line of lines) walk(parseObject(line) ?? {}, []);
  return paths;
}

/** A line's JSON without the values of some fields, whole or broken off; a nested field is named `outer.inner`. */
export function withoutFields(text: string, names: readonly string[]): string {
  return names.reduce((shown, name) => {
    const key = JSON.stringify(name.split('.').at(-1)).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return shown.replace(new RegExp(`(${key}\\s*:\\s*)(?:"(?:[^"\\\\]|\\\\.)*"?|[^,}\\s]+)`, 'g'), '$1"…"');
  }, text);
}

/** Deeper fields are no columns of an event. */
const DEPTH = 4;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

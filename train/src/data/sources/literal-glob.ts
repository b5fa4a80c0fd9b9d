/** A path as a glob that matches it alone. */
export function literalGlob(path: string): string {
  return path.replace(/[*?[]/g, '[$&]');
}

/** Keeps at most `limit` of the items, evenly, the first and the last among them: long runs stay readable. */
export function thin<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  const stride = (items.length - 1) / (limit - 1);
  const places = new Set(Array.from({ length: limit }, (_, i) => Math.round(i * stride)));
  return items.filter((_, i) => places.has(i));
}

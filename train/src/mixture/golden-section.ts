const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Finds where a function of one valley is least.
 * @param options.tolerance how wide the interval may be in the end, of which the middle is returned.
 * @see Kiefer: Sequential minimax search for a maximum (1953).
 */
export async function goldenSection(
  valueAt: (x: number) => Promise<number>,
  options: { from: number; to: number; tolerance: number },
): Promise<number> {
  let { from, to } = options;
  let left = to - GOLDEN * (to - from);
  let right = from + GOLDEN * (to - from);
  let atLeft = await valueAt(left);
  let atRight = await valueAt(right);
  while (to - from > options.tolerance) {
    if (atLeft < atRight) {
      [to, right, atRight] = [right, left, atLeft];
      left = to - GOLDEN * (to - from);
      atLeft = await valueAt(left);
    } else {
      [from, left, atLeft] = [left, right, atRight];
      right = from + GOLDEN * (to - from);
      atRight = await valueAt(right);
    }
  }
  return (from + to) / 2;
}

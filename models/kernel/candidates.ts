/** Few of many pages, scored by a part of the mixture, in AssemblyScript, as `src/predictor/candidates.ts` has them. */

/** Where scores are added up, and what becomes of them. All but the last are for the caller to say. */
@unmanaged
export class Candidates {
  /** float32 [V]: 0 between uses. */
  values: usize = 0;
  /** uint32 [most]: the pages scored, in order of first score. */
  ids: usize = 0;
  /** float32 [most]: their shares of the sum. */
  shares: usize = 0;
  /** Pages beyond so many are passed over. */
  most: u32 = 0;
  count: u32 = 0;
}

/** @param score above 0. */
export function addScore(to: Candidates, id: u32, score: f64): void {
  const at = to.values + 4 * id;
  const before = load<f32>(at);
  if (before === 0) {
    if (to.count === to.most) return;
    store<u32>(to.ids + 4 * to.count, id);
    to.count += 1;
  }
  store<f32>(at, <f32>(<f64>before + score));
}

/** Turns the scores into shares of their sum, and clears them. */
export function takeShares(scored: Candidates): void {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < scored.count; i++)
    sum += load<f32>(scored.values + 4 * load<u32>(scored.ids + 4 * i));
  for (let i: u32 = 0; i < scored.count; i++) {
    const at = scored.values + 4 * load<u32>(scored.ids + 4 * i);
    store<f32>(scored.shares + 4 * i, <f32>(<f64>load<f32>(at) / sum));
    store<f32>(at, 0);
  }
}

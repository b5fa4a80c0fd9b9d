/** The mixture's best, in AssemblyScript, as `src/predictor/mixture.ts` finds them. */

import { Candidates } from './candidates';
import { findLargest } from './largest';
import { power } from './powers';

/** What is mixed, and where. */
@unmanaged
export class Mixing {
  /** Weights of the parts that speak, summing to 1. */
  recurrentWeight: f64 = 0;
  rulesWeight: f64 = 0;
  neighboursWeight: f64 = 0;
  /** 1 / the temperature of the recurrent softmax, and the logarithm of its sum. */
  inverse: f64 = 0;
  logSum: f64 = 0;
  /** float32 [V]. */
  logits: usize = 0;
  /** uint32 [V]: 0 between uses; the place of a page among `ids`, and 1. */
  slots: usize = 0;
  /** uint32 and float64 [k + both parts' most]: the pages mixed, and their probabilities. */
  ids: usize = 0;
  probabilities: usize = 0;
  count: u32 = 0;
}

/**
 * The k likeliest of a mixture, best first; of equal ones the smaller id comes first.
 * @param best uint32 [k]: the recurrent model's own k best.
 * @param found uint32 [k]: what is found, as places among the mixed pages.
 * @returns how many there are.
 */
export function mixBest(
  mixing: Mixing,
  rules: Candidates,
  neighbours: Candidates,
  best: usize,
  k: u32,
  found: usize,
): u32 {
  mixing.count = 0;
  for (let i: u32 = 0; i < k; i++) slotOf(mixing, load<u32>(best + 4 * i));
  addPart(mixing, rules, mixing.rulesWeight);
  addPart(mixing, neighbours, mixing.neighboursWeight);
  for (let i: u32 = 0; i < mixing.count; i++) store<u32>(mixing.slots + 4 * load<u32>(mixing.ids + 4 * i), 0);
  return findLargest(mixing.probabilities, mixing.ids, mixing.count, k, found);
}

function addPart(mixing: Mixing, part: Candidates, weight: f64): void {
  if (weight === 0) return;
  for (let i: u32 = 0; i < part.count; i++) {
    const at = mixing.probabilities + 8 * slotOf(mixing, load<u32>(part.ids + 4 * i));
    // Shares of 1 may add up to a little more in float32.
    store<f64>(at, min<f64>(1, load<f64>(at) + weight * load<f32>(part.shares + 4 * i)));
  }
}

/** The place of a page among those mixed; a new one begins with the recurrent model's share. */
function slotOf(mixing: Mixing, id: u32): u32 {
  const at = mixing.slots + 4 * id;
  const held = load<u32>(at);
  if (held > 0) return held - 1;
  const slot = mixing.count;
  mixing.count += 1;
  store<u32>(at, slot + 1);
  store<u32>(mixing.ids + 4 * slot, id);
  const exponent = <f64>load<f32>(mixing.logits + 4 * id) * mixing.inverse - mixing.logSum;
  store<f64>(mixing.probabilities + 8 * slot, mixing.recurrentWeight * power(<f32>exponent));
  return slot;
}

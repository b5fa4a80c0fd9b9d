/** Item-to-item rules, in AssemblyScript: the same sums, in the same order, as `src/predictor/rules.ts`. */

import { addScore, Candidates, takeShares } from './candidates';

/** As `RuleTables` has them, by their addresses. */
@unmanaged
export class RuleTables {
  historyDecay: f64 = 0;
  offsets: usize = 0;
  successors: usize = 0;
  counts: usize = 0;
  returns: usize = 0;
}

const FIRST_TOKEN_ID: u32 = 2;
const HISTORY_PAGES: u32 = 8;
const EVIDENCE: f64 = 5;
const RETURN_PAGES: u32 = 10;
/** uint32 [RETURN_PAGES]: pages of a visit, each once, the newest first. */
const VISITED = memory.data(40, 4);

/**
 * What the rules of a history's newest pages lead to.
 * @param history uint32 [length], the newest last, at most 16.
 */
export function scoreRules(rules: RuleTables, history: usize, length: u32, to: Candidates): void {
  to.count = 0;
  const decay = rules.historyDecay;
  const pages = decay > 0 ? min(HISTORY_PAGES, length) : min<u32>(1, length);
  let sum: f64 = 0;
  let age: f64 = 1;
  for (let lag: u32 = 0; lag < pages; lag++, age *= decay) {
    const id = load<u32>(history + 4 * (length - 1 - lag));
    if (id < FIRST_TOKEN_ID) continue;
    const start = load<u32>(rules.offsets + 4 * id);
    const end = load<u32>(rules.offsets + 4 * id, 4);
    let total: f64 = 0;
    for (let rule = start; rule < end; rule++) total += load<f32>(rules.counts + 4 * rule);
    const weight = age / (total + EVIDENCE);
    for (let rule = start; rule < end; rule++) {
      addScore(to, load<u32>(rules.successors + 4 * rule), weight * load<f32>(rules.counts + 4 * rule));
    }
    sum += weight * total;
  }
  if (sum > 0) addReturns(rules.returns, history, length, sum, to);
  takeShares(to);
}

/** Adds returns to scores of some sum, so that each page's share of the new sum is its rate of return. */
function addReturns(returns: usize, history: usize, length: u32, sum: f64, to: Candidates): void {
  let count: u32 = 0;
  let hasReturned = false;
  for (let i = length; i > 0; i--) {
    const id = load<u32>(history + 4 * (i - 1));
    if (id < FIRST_TOKEN_ID) continue;
    if (isVisited(id, count)) hasReturned = true;
    else if (count < RETURN_PAGES) store<u32>(VISITED + 4 * count++, id);
  }
  const row = (hasReturned ? RETURN_PAGES : 0) + max<u32>(count, 1) - 1;
  const rates = returns + 4 * RETURN_PAGES * row;
  let left: f64 = 0;
  for (let k: u32 = 0; k < count; k++) left += load<f32>(rates + 4 * k);
  left = 1 - left;
  for (let k: u32 = 0; k < count; k++) {
    const rate = load<f32>(rates + 4 * k);
    if (rate > 0) addScore(to, load<u32>(VISITED + 4 * k), (sum * rate) / left);
  }
}

function isVisited(id: u32, count: u32): bool {
  for (let k: u32 = 0; k < count; k++) if (load<u32>(VISITED + 4 * k) === id) return true;
  return false;
}

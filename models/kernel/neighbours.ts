/** Session neighbours, in AssemblyScript: the same sums, in the same order, as `src/predictor/neighbours.ts`. */

import { addScore, Candidates, takeShares } from './candidates';
import { findLargest } from './largest';

/** As `NeighbourTables` has them, by their addresses. */
@unmanaged
export class NeighbourTables {
  sessionOffsets: usize = 0;
  pages: usize = 0;
  /** Bytes of a page's id: 2 or 4. */
  pageBytes: u32 = 0;
  postingOffsets: usize = 0;
  postings: usize = 0;
  rarity: usize = 0;
  /** S. */
  sessions: u32 = 0;
}

/** Where the sessions of a search are kept, by their addresses. */
@unmanaged
export class SearchSpace {
  /** Of three arrays by slot, [2^SLOT_BITS]: uint32, a session and 1, and 0 between searches; float32; uint32. */
  sessions: usize = 0;
  likeness: usize = 0;
  lags: usize = 0;
  /** uint32 [most]: slots of the sessions found, in that order; float64 [most]: their likeness, aged. */
  found: usize = 0;
  aged: usize = 0;
  /** uint32 [NEIGHBOURS]. */
  best: usize = 0;
}

const FIRST_TOKEN_ID: u32 = 2;
const SESSIONS_PER_PAGE: u32 = 500;
const NEIGHBOURS: u32 = 300;
const LAG_DECAY: f64 = 0.5;
const MATCH_DECAY: f64 = 0.8;
const DISTANCE_DECAY: f64 = 0.75;
const AGEING: f64 = 0.6;
/** Twice as many slots as 16 pages have sessions. */
const SLOT_BITS: u32 = 14;

/**
 * The pages of the past sessions that are most like a visit.
 * @param history uint32 [length], the newest last, at most 16.
 */
export function scoreNeighbours(
  tables: NeighbourTables,
  space: SearchSpace,
  history: usize,
  length: u32,
  to: Candidates,
): void {
  to.count = 0;
  const count = findSharing(tables, space, history, length);
  for (let i: u32 = 0; i < count; i++) {
    const slot = load<u32>(space.found + 4 * i);
    const age = 1 - <f64>load<u32>(space.sessions + 4 * slot) / <f64>tables.sessions;
    store<f64>(space.aged + 8 * i, <f64>load<f32>(space.likeness + 4 * slot) * (1 - AGEING * age));
  }
  const best = findLargest(space.aged, 0, count, NEIGHBOURS, space.best);
  for (let rank: u32 = 0; rank < best; rank++) {
    const i = load<u32>(space.best + 4 * rank);
    const slot = load<u32>(space.found + 4 * i);
    const lag = load<u32>(space.lags + 4 * slot);
    let weight = load<f64>(space.aged + 8 * i);
    for (let step: u32 = 0; step < lag; step++) weight *= MATCH_DECAY;
    const shared = load<u32>(history + 4 * (length - 1 - lag));
    scoreSession(tables, load<u32>(space.sessions + 4 * slot) - 1, shared, weight, to);
  }
  for (let i: u32 = 0; i < count; i++) store<u32>(space.sessions + 4 * load<u32>(space.found + 4 * i), 0);
  takeShares(to);
}

/** Adds up the likeness of the sessions that share a page with the visit. @returns how many there are. */
function findSharing(tables: NeighbourTables, space: SearchSpace, history: usize, length: u32): u32 {
  let count: u32 = 0;
  let decay: f64 = 1;
  for (let lag: u32 = 0; lag < length; lag++, decay *= LAG_DECAY) {
    const id = load<u32>(history + 4 * (length - 1 - lag));
    if (id < FIRST_TOKEN_ID || isAmongNewest(history, length, id, lag)) continue;
    const weight = <f64>load<f32>(tables.rarity + 4 * id) * decay;
    const start = load<u32>(tables.postingOffsets + 4 * id);
    const end = min(load<u32>(tables.postingOffsets + 4 * id, 4), start + SESSIONS_PER_PAGE);
    for (let i = start; i < end; i++) {
      const session = load<u32>(tables.postings + 4 * i);
      const slot = slotOf(space.sessions, session + 1);
      const at = space.likeness + 4 * slot;
      if (load<u32>(space.sessions + 4 * slot) === 0) {
        store<u32>(space.sessions + 4 * slot, session + 1);
        store<u32>(space.lags + 4 * slot, lag);
        store<f32>(at, 0);
        store<u32>(space.found + 4 * count++, slot);
      }
      store<f32>(at, <f32>(<f64>load<f32>(at) + weight));
    }
  }
  return count;
}

/** The slot that holds a key, or the free one where it goes. */
function slotOf(keys: usize, key: u32): u32 {
  let slot = (key * 2654435769) >> (32 - SLOT_BITS);
  let held = load<u32>(keys + 4 * slot);
  while (held !== 0 && held !== key) {
    slot = (slot + 1) & ((1 << SLOT_BITS) - 1);
    held = load<u32>(keys + 4 * slot);
  }
  return slot;
}

/** Scores the pages around the last place where a session holds the shared one. */
function scoreSession(tables: NeighbourTables, session: u32, shared: u32, weight: f64, to: Candidates): void {
  const start = load<u32>(tables.sessionOffsets + 4 * session);
  const end = load<u32>(tables.sessionOffsets + 4 * session, 4);
  let after = end;
  while (after > start && pageAt(tables, after - 1) !== shared) after--;
  if (after === start) return;
  let near = weight;
  for (let i = after; i < end; i++, near *= DISTANCE_DECAY) addPage(tables, i, near, to);
  near = weight;
  for (let i = after - 1; i > start; i--, near *= DISTANCE_DECAY) addPage(tables, i - 1, near, to);
}

function addPage(tables: NeighbourTables, at: u32, weight: f64, to: Candidates): void {
  const id = pageAt(tables, at);
  addScore(to, id, weight * load<f32>(tables.rarity + 4 * id));
}

function pageAt(tables: NeighbourTables, at: u32): u32 {
  return tables.pageBytes === 2 ? load<u16>(tables.pages + 2 * at) : load<u32>(tables.pages + 4 * at);
}

/** Whether a page is among the `count` newest of a history. */
function isAmongNewest(history: usize, length: u32, id: u32, count: u32): bool {
  for (let lag: u32 = 0; lag < count; lag++)
    if (load<u32>(history + 4 * (length - 1 - lag)) === id) return true;
  return false;
}

import { FIRST_TOKEN_ID } from '../vocabulary.ts';
import type { Candidates, SparseScores } from './candidates.ts';
import { largest } from './ranking.ts';

/** Past sessions, oldest first, and which of them saw a page. S sessions. */
export interface NeighbourTables {
  /** uint32 [S + 1], rising: where each session begins among `pages`, and the end of the last. */
  readonly sessionOffsets: Uint32Array;
  /** uint32, or uint16 where V allows: the pages of the sessions in the order seen, 2 to V − 1. */
  readonly pages: Uint32Array | Uint16Array;
  /** uint32 [V + 1], rising: where each page's sessions begin among `postings`, and the end of the last. */
  readonly postingOffsets: Uint32Array;
  /** uint32: the newest sessions that saw each page, below S. */
  readonly postings: Uint32Array;
  /** float32 [V], at least 0: a page's rarity, ln(1 + S / sessions that saw it); 0 for those that none saw. */
  readonly rarity: Float32Array;
}

/** The newest sessions of a page that are looked at: older ones change nothing. */
export const SESSIONS_PER_PAGE = 500;
/** The newest pages that are looked up. */
const HISTORY_PAGES = 16;
/** How many sessions score. */
const NEIGHBOURS = 300;
/** What a page of the visit counts for against the one after it. */
const LAG_DECAY = 0.5;
/** What a neighbour counts for, for each step that the newest shared page lies back. */
const MATCH_DECAY = 0.8;
/** What a page of a neighbour counts for, for each step that it is away from the shared page. */
const DISTANCE_DECAY = 0.75;
/** By how much the oldest session counts for less than the newest. */
const AGEING = 0.6;

/**
 * Vector multiplication session-based kNN over an index of the newest sessions. The past sessions most like a visit score
 * the pages they hold.
 *
 * - A session is as like as the sum of rarity × 0.5^lag over the pages that it shares with the visit, where the newest
 *   page has lag 0; times its recency, which falls from 1 for the newest session to 0.4 for the oldest.
 * - Each of the 300 likeliest scores its pages with likeness × 0.8^lag of the newest shared page × 0.75^(steps away from
 *   that page − 1) × the scored page's rarity; the shared page itself, where it was seen last, is not scored.
 *
 * @see Kersbergen, Sprangers, Schelter: Serenade (SIGMOD 2022), the index; Ludewig, Jannach: Evaluation of session-based
 * recommendation algorithms, UMUAI 28 (2018), decay and rarity; Garg et al.: Sequence and time aware neighbourhood for
 * session-based recommendations (SIGIR 2019), the distance.
 */
export class NeighbourSearch {
  readonly #tables: NeighbourTables;
  readonly #scores: SparseScores;
  /** float32 [S]: 0 between searches. */
  readonly #likeness: Float32Array;
  /** uint8 [S]: the lag of the newest shared page; only of sessions with a likeness. */
  readonly #lags: Uint8Array;

  /** @param scores of V pages. */
  constructor(tables: NeighbourTables, scores: SparseScores) {
    const sessions = tables.sessionOffsets.length - 1;
    this.#tables = tables;
    this.#scores = scores;
    this.#likeness = new Float32Array(sessions);
    this.#lags = new Uint8Array(sessions);
  }

  /** @param history ids, the newest last; ids below 2 say nothing. */
  candidates(history: ArrayLike<number>): Candidates {
    const sharing = this.#share(history);
    const likeness = Float64Array.from(sharing, (session) => this.#aged(session));
    for (const session of sharing) this.#likeness[session] = 0;
    for (const i of largest(likeness, NEIGHBOURS)) {
      const session = sharing[i] ?? 0;
      const lag = this.#lags[session] ?? 0;
      const shared = history[history.length - 1 - lag] ?? 0;
      let weight = likeness[i] ?? 0;
      for (let step = 0; step < lag; step++) weight *= MATCH_DECAY; // as the kernel does, to the last bit
      this.#score(session, shared, weight);
    }
    return this.#scores.takeCandidates();
  }

  /** Adds up the likeness of the sessions that share a page with the visit, and lists them. */
  #share(history: ArrayLike<number>): number[] {
    const { postingOffsets, postings, rarity } = this.#tables;
    const sharing: number[] = [];
    for (let lag = 0; lag < Math.min(HISTORY_PAGES, history.length); lag++) {
      const id = history[history.length - 1 - lag] ?? 0;
      if (id < FIRST_TOKEN_ID || isAmongNewest(history, id, lag)) continue;
      const weight = (rarity[id] ?? 0) * LAG_DECAY ** lag;
      const start = postingOffsets[id] ?? 0;
      const end = Math.min(postingOffsets[id + 1] ?? 0, start + SESSIONS_PER_PAGE);
      for (let i = start; i < end; i++) {
        const session = postings[i] ?? 0;
        const before = this.#likeness[session] ?? 0;
        if (before === 0) {
          sharing.push(session);
          this.#lags[session] = lag;
        }
        this.#likeness[session] = before + weight;
      }
    }
    return sharing;
  }

  #aged(session: number): number {
    const age = 1 - (session + 1) / this.#likeness.length;
    return (this.#likeness[session] ?? 0) * (1 - AGEING * age);
  }

  #score(session: number, shared: number, weight: number): void {
    const { sessionOffsets, pages } = this.#tables;
    const start = sessionOffsets[session] ?? 0;
    const end = sessionOffsets[session + 1] ?? 0;
    let at = end - 1;
    while (at >= start && pages[at] !== shared) at--;
    if (at < start) return;
    for (let i = at + 1, near = weight; i < end; i++, near *= DISTANCE_DECAY) this.#add(pages[i] ?? 0, near);
    for (let i = at - 1, near = weight; i >= start; i--, near *= DISTANCE_DECAY)
      this.#add(pages[i] ?? 0, near);
  }

  #add(id: number, weight: number): void {
    this.#scores.add(id, weight * (this.#tables.rarity[id] ?? 0));
  }
}

/** Whether a page is among the `count` newest of a history. */
function isAmongNewest(history: ArrayLike<number>, id: number, count: number): boolean {
  for (let lag = 0; lag < count; lag++) if (history[history.length - 1 - lag] === id) return true;
  return false;
}

import { setImmediate as nextTurn } from 'node:timers/promises';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import { TokenSessions } from '../data/sessions/token-sessions.ts';
import type { Steps } from './steps.ts';

/** How many sessions score, and of how many, the most recent that share a page, they are the most alike. */
export interface VsknnSettings {
  readonly neighbours: number;
  readonly sample: number;
}

/** The defaults of the paper's own code. */
const DEFAULTS: VsknnSettings = { neighbours: 100, sample: 1000 };

/** Sums of the same fractions in another order differ by rounding alone: scores this near are tied. */
const TIE = 1 - 1e-9;

const STEPS_A_TURN = 1000;

/**
 * Ranks each step's target by vector multiplication session-based kNN. A past session's likeness is the sum, over the
 * pages that it shares with the history, of the page's last place in the history (over the history's length, which is
 * the same for all and left out). The sessions most alike score each page they hold, by likeness over how many steps ago
 * the newest shared page was seen. Of sessions equally alike the more recent is taken; pages without a score are tied at
 * the end.
 *
 * @param train in time order.
 * @param size V. Ids below 2 are neither shared nor scored.
 * @returns uint32 [steps], 1 for the best, ties against the target.
 * @see Ludewig, Jannach: Evaluation of session-based recommendation algorithms, UMUAI 28 (2018); `div` and `div` of
 * https://github.com/rn5l/session-rec.
 */
export async function rankVsknn(
  train: TokenSessions,
  steps: Steps,
  size: number,
  settings: VsknnSettings = DEFAULTS,
): Promise<Uint32Array> {
  const pages = distinctPages(train);
  const search = new NeighbourSearch(pages, size, settings);
  const scores = new Float64Array(size);
  const ranks = new Uint32Array(steps.length);
  for (let step = 0; step < steps.length; step++) {
    if (step % STEPS_A_TURN === 0) await nextTurn(); // so that Ctrl-C is heard
    const scored = new Set<number>();
    for (const { session, weight } of search.nearest(steps.history(step))) {
      for (const page of pages.at(session)) {
        scores[page] = (scores[page] ?? 0) + weight;
        scored.add(page);
      }
    }
    const bar = (scores[steps.target(step)] ?? 0) * TIE;
    let rank = 0;
    for (const page of scored) {
      if ((scores[page] ?? 0) >= bar) rank++;
      scores[page] = 0;
    }
    ranks[step] = bar > 0 ? rank : size - FIRST_TOKEN_ID;
  }
  return ranks;
}

class NeighbourSearch {
  readonly #settings: VsknnSettings;
  /** The sessions that saw each page, oldest first. */
  readonly #sessionsOf: TokenSessions;
  /** float64 [sessions]: 0 between searches. */
  readonly #likeness: Float64Array;
  /** uint32 [sessions]: how many steps ago the newest shared page was seen; only of sessions with a likeness. */
  readonly #lag: Uint32Array;

  constructor(pages: TokenSessions, size: number, settings: VsknnSettings) {
    this.#settings = settings;
    this.#sessionsOf = invert(pages, size);
    this.#likeness = new Float64Array(pages.length);
    this.#lag = new Uint32Array(pages.length);
  }

  /** The sessions most like a history, and what each adds to the score of its pages. */
  nearest(history: Int32Array): { session: number; weight: number }[] {
    const { neighbours, sample } = this.#settings;
    const sharing = this.#share(history).sort(); // by time
    // One number orders by likeness, then by time; plain numbers sort fast.
    const sessions = this.#likeness.length;
    const keys = Float64Array.from(
      sharing.subarray(-sample),
      (session) => (this.#likeness[session] ?? 0) * sessions + session,
    ).sort();
    for (const session of sharing) this.#likeness[session] = 0;
    return Array.from(keys.subarray(-neighbours), (key) => {
      const session = key % sessions;
      return { session, weight: (key - session) / sessions / (this.#lag[session] ?? 1) };
    });
  }

  /** Adds up the likeness of the sessions that share a page with a history; those too old to matter may be missing. */
  #share(history: Int32Array): Uint32Array {
    const lists = this.#listsOf(history);
    // What is older than the last `sample` sessions of one page is not among the most recent of all.
    const oldest = Math.max(0, ...lists.map(({ list }) => list.at(-this.#settings.sample) ?? 0));
    const sharing: number[] = [];
    for (const { list, lag } of lists) {
      for (let i = list.length - 1; i >= 0; i--) {
        const session = list[i] ?? 0;
        if (session < oldest) break;
        if (this.#likeness[session] === 0) {
          sharing.push(session);
          this.#lag[session] = lag;
        }
        this.#likeness[session] = (this.#likeness[session] ?? 0) + history.length + 1 - lag;
      }
    }
    return Uint32Array.from(sharing);
  }

  /** The sessions of each page of a history, the newest page first, and how many steps ago it was last seen. */
  #listsOf(history: Int32Array): { list: Int32Array; lag: number }[] {
    const newestFirst = [...new Set(history.toReversed())].filter((page) => page >= FIRST_TOKEN_ID);
    return newestFirst.map((page) => ({
      list: this.#sessionsOf.at(page),
      lag: history.length - history.lastIndexOf(page),
    }));
  }
}

/** Each session's pages, once each. */
function distinctPages(sessions: TokenSessions): TokenSessions {
  return TokenSessions.of(
    Array.from(sessions, (session) => [...new Set(session)].filter((page) => page >= FIRST_TOKEN_ID)),
  );
}

/** Rows turned into columns: for every page below `size` the sessions that hold it, in order. */
function invert(pages: TokenSessions, size: number): TokenSessions {
  const offsets = new Uint32Array(size + 1);
  for (const page of pages.ids) offsets[page + 1] = (offsets[page + 1] ?? 0) + 1;
  for (let page = 0; page < size; page++) offsets[page + 1] = (offsets[page + 1] ?? 0) + (offsets[page] ?? 0);
  const next = offsets.slice();
  const sessions = new Int32Array(pages.ids.length);
  for (let session = 0; session < pages.length; session++) {
    for (const page of pages.at(session)) {
      sessions[next[page] ?? 0] = session;
      next[page] = (next[page] ?? 0) + 1;
    }
  }
  return new TokenSessions(sessions, offsets);
}

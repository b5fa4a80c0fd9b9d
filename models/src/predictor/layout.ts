import { GATES, inputRowWidth, type ModelSpec } from '../spec.ts';
import { MOST_CANDIDATES } from './candidates.ts';
import { SESSIONS_PER_PAGE } from './neighbours.ts';

export const FLOAT = 4;
const VECTOR = 16;
/** What the kernel reads of a row at a time. */
const BLOCK = 16;
/** The most places that the kernel finds. */
export const MOST_PLACES = 256;
/** States that are scored in one pass over the table: each takes V logits of memory, and four take half a pass's waiting away. */
export const BATCH = 4;
/** The newest pages of a history that rules and neighbours look at. */
export const SEARCHED_PAGES = 16;
/** What the kernel keeps of the sessions that share a page with a visit, in twice as many slots: a power of two, as it has them. */
const SESSIONS = SEARCHED_PAGES * SESSIONS_PER_PAGE;
const SLOTS = 2 ** 14;
/** The most neighbours. */
const NEIGHBOURS = 300;

/** Hands addresses out, one after another, each a multiple of 16 with room for a whole register. */
class Layout {
  constructor(public end: number) {}

  /** @param floats numbers of four bytes. */
  take(floats: number): number {
    const start = this.end;
    this.end += Math.ceil((floats * FLOAT) / VECTOR) * VECTOR + VECTOR;
    return start;
  }
}

/** Places of the same size, one after another. */
function batchOf(take: () => number): { readonly at: number; readonly bytes: number } {
  const [first = 0, second = 0] = Array.from({ length: BATCH }, take);
  return { at: first, bytes: second - first };
}

export type Places = ReturnType<typeof layOut>;

/** Where everything is that is not in the pack, by its address in bytes. */
export function layOut(spec: ModelSpec, start: number) {
  const { hiddenUnits: H, vocabularySize: V, layers } = spec;
  const layout = new Layout(Math.ceil(start / VECTOR) * VECTOR);
  // The kernel reads up to three rows and a block beyond a table's end.
  layout.take(Math.ceil((3 * Math.max(H, inputRowWidth(spec)) + BLOCK) / FLOAT));
  const states = Array.from({ length: layers }, () => ({ h: layout.take(H), c: layout.take(H) }));
  return {
    states,
    input: layout.take(inputRowWidth(spec)),
    gates: layout.take(GATES[spec.cell] * H),
    reset: layout.take(H),
    vectors: batchOf(() => layout.take(H + BLOCK)),
    vectorScales: layout.take(BATCH),
    sums: layout.take(V),
    logits: batchOf(() => layout.take(V)),
    places: layout.take(MOST_PLACES),
    values: layout.take(MOST_PLACES),
    totals: layout.take(BATCH * 2 * 2),
    parts: spec.task === 'next' ? layOutParts(layout, V) : undefined,
    end: layout.end,
  };
}

/** Where rules and neighbours are searched and mixed: structures, as `kernel/*.ts` has them, and what they point to. */
function layOutParts(layout: Layout, V: number) {
  const most = Math.min(V, MOST_CANDIDATES);
  const candidates = () => ({ at: layout.take(8), ids: layout.take(most), shares: layout.take(most), most });
  return {
    history: layout.take(SEARCHED_PAGES),
    /** float32 or uint32 [V], 0 between uses. */
    pages: layout.take(V),
    rules: { tables: layout.take(8), candidates: candidates() },
    neighbours: { tables: layout.take(8), candidates: candidates() },
    search: {
      at: layout.take(8),
      sessions: layout.take(SLOTS),
      likeness: layout.take(SLOTS),
      lags: layout.take(SLOTS),
      found: layout.take(SESSIONS),
      aged: layout.take(2 * SESSIONS),
      best: layout.take(NEIGHBOURS),
    },
    mixing: {
      at: layout.take(16),
      ids: layout.take(2 * most + MOST_PLACES),
      probabilities: layout.take(2 * (2 * most + MOST_PLACES)),
      best: layout.take(MOST_PLACES),
      found: layout.take(MOST_PLACES),
    },
  };
}

/** Bytes of memory that a kernel needs behind its pack. */
export function scratchBytes(spec: ModelSpec): number {
  return layOut(spec, 0).end + VECTOR;
}

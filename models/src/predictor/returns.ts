import { FIRST_TOKEN_ID } from '../vocabulary.ts';

/** The newest pages of a history that are looked at, and how many of them, each once, a visitor may come back to. */
const HISTORY_PAGES = 16;
export const RETURN_PAGES = 10;
/** Numbers in a table of returns. */
export const RETURNS_LENGTH = 2 * RETURN_PAGES * RETURN_PAGES;

/** What a visitor may come back to. */
export interface Visited {
  /** Ids, each once, the newest first: at most 10. */
  readonly pages: readonly number[];
  /** Whether any page was seen twice: who came back once is likelier to do so again. */
  readonly hasReturned: boolean;
}

/** @param history ids, the newest last; ids below 2 do not count. */
export function visitedIn(history: ArrayLike<number>): Visited {
  const pages: number[] = [];
  let hasReturned = false;
  const last = Math.max(0, history.length - HISTORY_PAGES);
  for (let i = history.length - 1; i >= last; i--) {
    const id = history[i] ?? 0;
    if (id < FIRST_TOKEN_ID) continue;
    if (pages.includes(id)) hasReturned = true;
    else if (pages.length < RETURN_PAGES) pages.push(id);
  }
  return { pages, hasReturned };
}

/** Where the rates of a visit begin in a table of returns float32 [2, 10, 10]: whether it returned, its pages less one. */
export function returnRow({ pages, hasReturned }: Visited): number {
  return ((hasReturned ? RETURN_PAGES : 0) + Math.max(0, pages.length - 1)) * RETURN_PAGES;
}

import { RETURN_PAGES, RETURNS_LENGTH, returnRow, visitedIn } from '@pathcast/models/predictor/returns';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';

/** Visits that did not come back, added to every row: rates of a few visits are not to be trusted. */
const DOUBT = 20;

/**
 * Counts how often visits come back to a page of their own, as `RuleTables.returns` holds it.
 * @returns float32 [2, 10, 10].
 */
export function countReturns(sessions: TokenSessions): Float32Array {
  const returned = new Float64Array(RETURNS_LENGTH);
  const steps = new Float64Array(RETURNS_LENGTH).fill(DOUBT);
  for (const session of sessions) {
    for (let i = 1; i < session.length; i++) {
      const target = session[i] ?? 0;
      if (target < FIRST_TOKEN_ID) continue;
      const visited = visitedIn(session.subarray(0, i));
      const row = returnRow(visited);
      for (let k = 0; k < RETURN_PAGES; k++) steps[row + k] = (steps[row + k] ?? 0) + 1;
      const k = visited.pages.indexOf(target);
      if (k >= 0) returned[row + k] = (returned[row + k] ?? 0) + 1;
    }
  }
  return Float32Array.from(returned, (count, at) => count / (steps[at] ?? 1));
}

import { SparseScores } from '@pathcast/models/predictor/candidates';
import { largest } from '@pathcast/models/predictor/ranking';
import { RETURNS_LENGTH } from '@pathcast/models/predictor/returns';
import type { RuleTables } from '@pathcast/models/predictor/rules';
import { FIRST_TOKEN_ID } from '@pathcast/models/vocabulary';
import { eventsOfPages, sessionsOfEvents } from '../data/sessions/events-of-pages.ts';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';
import { countReturns } from './count-returns.ts';
import { RULES_PER_PAGE, RuleRows } from './rule-rows.ts';

/** How transitions are counted, and how far back a prediction looks. */
export interface RuleSettings {
  /** Steps between two pages that still count as a transition, at least 1. */
  readonly lags: number;
  /** What a transition counts for against one a step shorter, above 0 to 1. */
  readonly lagDecay: number;
  /** What a transition counts for in the other direction, 0 to 1: shoppers go back and forth to compare. */
  readonly backward: number;
  /** What a page of the visit counts for against the one after it, 0 to 1; with 0 the current page speaks alone. */
  readonly historyDecay: number;
  /** Whether it counts how often visits come back to their own pages. */
  readonly returns: boolean;
}

/** Rules in all: 12 MB of a Worker's 128. */
const MAX_RULES = 1_500_000;

/**
 * Counts transitions and keeps the most frequent of each page, by falling count; of equal ones those to the page with the
 * smaller id.
 * @param options.size V.
 * @param options.maxRules rules in all: where there are more, every page keeps fewer.
 */
export function buildRules(
  sessions: TokenSessions,
  options: RuleSettings & { size: number; maxRules?: number },
): RuleTables {
  const { size, historyDecay, maxRules = MAX_RULES } = options;
  const { offsets: eventOffsets, events } = eventsOfPages(sessions, size);
  const sessionOf = sessionsOfEvents(sessions);
  const scores = new SparseScores(size);
  const rows = new RuleRows(size, maxRules);
  for (let page = 0; page < size; page++) {
    if (page >= FIRST_TOKEN_ID) {
      for (const event of events.subarray(eventOffsets[page], eventOffsets[page + 1])) {
        countAround(sessions, { event, session: sessionOf[event] ?? 0 }, options, scores);
      }
    }
    const { ids, scores: counts } = mostFrequent(scores.take(), RULES_PER_PAGE);
    rows.add(ids, counts);
  }
  const returns = options.returns ? countReturns(sessions) : new Float32Array(RETURNS_LENGTH);
  return { ...rows.finish(), historyDecay, returns };
}

/** Counts the transitions from one event to those near it in its session. */
function countAround(
  { ids, offsets }: TokenSessions,
  { event, session }: { event: number; session: number },
  { lags, lagDecay, backward }: RuleSettings,
  scores: SparseScores,
): void {
  const start = offsets[session] ?? 0;
  const end = offsets[session + 1] ?? 0;
  for (let lag = 1, weight = 1; lag <= lags; lag++, weight *= lagDecay) {
    const after = event + lag < end ? (ids[event + lag] ?? 0) : 0;
    const before = event - lag >= start ? (ids[event - lag] ?? 0) : 0;
    if (after >= FIRST_TOKEN_ID) scores.add(after, weight);
    if (before >= FIRST_TOKEN_ID && backward > 0) scores.add(before, weight * backward);
  }
}

function mostFrequent(
  { ids, scores }: ReturnType<SparseScores['take']>,
  k: number,
): ReturnType<SparseScores['take']> {
  const order = Uint32Array.from(ids.keys()).sort((a, b) => (ids[a] ?? 0) - (ids[b] ?? 0));
  const best = largest(
    Float32Array.from(order, (at) => scores[at] ?? 0),
    k,
  ).map((i) => order[i] ?? 0);
  return {
    ids: Uint32Array.from(best, (at) => ids[at] ?? 0),
    scores: Float32Array.from(best, (at) => scores[at] ?? 0),
  };
}

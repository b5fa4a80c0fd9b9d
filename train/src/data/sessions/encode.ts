import { FIRST_TOKEN_ID, UNKNOWN_ID, Vocabulary } from '@pathcast/models/vocabulary';
import type { Sessions } from './sessions.ts';
import { TokenSessions } from './token-sessions.ts';

/** The pages of some sessions by falling count; equal counts keep the order of first appearance. */
export function vocabularyOf(sessions: Sessions): Vocabulary {
  const counts = sessions.countPages();
  const first = firstAppearances(sessions);
  const seen = Array.from(counts.keys()).filter((page) => (counts[page] ?? 0) > 0);
  seen.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || (first[a] ?? 0) - (first[b] ?? 0));
  return new Vocabulary(seen.map((page) => sessions.pages[page] ?? ''));
}

/** Pages as token ids; pages outside the vocabulary become the unknown token. */
export function encodeSessions(sessions: Sessions, vocabulary: Vocabulary): TokenSessions {
  const ids = sessions.pages.map((page) => vocabulary.encode(page));
  const offsets = new Uint32Array(sessions.length + 1);
  for (let i = 0; i < sessions.length; i++) offsets[i + 1] = (offsets[i] ?? 0) + sessions.indices(i).length;
  const encoded = Int32Array.from(sessions.events, (page) => ids[page] ?? UNKNOWN_ID);
  return new TokenSessions(encoded, offsets);
}

/** How often training saw each token: uint32 [V − 2]. */
export function countTokens(sessions: TokenSessions, vocabulary: Vocabulary): Uint32Array {
  const counts = new Uint32Array(vocabulary.tokens.length);
  for (const id of sessions.ids) counts[id - FIRST_TOKEN_ID] = (counts[id - FIRST_TOKEN_ID] ?? 0) + 1;
  return counts;
}

function firstAppearances({ events, pages }: Sessions): Uint32Array {
  const first = new Uint32Array(pages.length).fill(events.length);
  for (let event = events.length - 1; event >= 0; event--) first[events[event] ?? 0] = event;
  return first;
}

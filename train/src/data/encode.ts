import { FIRST_TOKEN_ID, type Vocabulary } from '@pathcast/models/vocabulary';

/** Pages as token ids; pages outside the vocabulary become the unknown token. */
export function encodeSessions(sessions: readonly (readonly string[])[], vocabulary: Vocabulary): number[][] {
  return sessions.map((session) => session.map((page) => vocabulary.encode(page)));
}

/** How often training saw each token: uint32 [V − 2]. */
export function countTokens(sessions: readonly (readonly number[])[], vocabulary: Vocabulary): Uint32Array {
  const counts = new Uint32Array(vocabulary.tokens.length);
  for (const session of sessions) {
    for (const id of session) counts[id - FIRST_TOKEN_ID] = (counts[id - FIRST_TOKEN_ID] ?? 0) + 1;
  }
  return counts;
}

/** Sessions as token ids in columns: 4 bytes an event, shared with workers without a copy. */
export class TokenSessions implements Iterable<Int32Array> {
  /** int32 [events]: the ids, session after session. */
  readonly ids: Int32Array;
  /** uint32 [sessions + 1]: where each session begins among the ids, and the end of the last. */
  readonly offsets: Uint32Array;

  constructor(ids: Int32Array, offsets: Uint32Array) {
    this.ids = ids;
    this.offsets = offsets;
  }

  /** Puts lists of ids into columns. */
  static of(sessions: readonly ArrayLike<number>[]): TokenSessions {
    const offsets = new Uint32Array(sessions.length + 1);
    for (const [i, session] of sessions.entries()) offsets[i + 1] = (offsets[i] ?? 0) + session.length;
    const ids = new Int32Array(offsets.at(-1) ?? 0);
    for (const [i, session] of sessions.entries()) ids.set(session, offsets[i]);
    return new TokenSessions(ids, offsets);
  }

  get length(): number {
    return this.offsets.length - 1;
  }

  /** The ids of a session: a view, not a copy. */
  at(session: number): Int32Array {
    return this.ids.subarray(this.offsets[session], this.offsets[session + 1]);
  }

  *[Symbol.iterator](): Iterator<Int32Array> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /** The sessions from `start` up to `end`, over the same ids. */
  slice(start: number, end = this.length): TokenSessions {
    const offsets = this.offsets.subarray(start, end + 1);
    const first = offsets[0] ?? 0;
    return new TokenSessions(
      this.ids.subarray(first, offsets.at(-1)),
      offsets.map((offset) => offset - first),
    );
  }
}

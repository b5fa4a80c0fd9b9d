/** Sessions in columns: 4 bytes an event, each page's name once. */
export class Sessions implements Iterable<string[]> {
  /** Each page's name, in order of first appearance. */
  readonly pages: readonly string[];
  /** uint32 [events]: which page each event saw, session after session. */
  readonly events: Uint32Array;
  /** uint32 [sessions + 1]: where each session begins among the events, and the end of the last. */
  readonly #offsets: Uint32Array;
  /** float64 [sessions]: when each began, in s since 1970; undefined where the data has no times. */
  readonly starts: Float64Array | undefined;

  constructor(columns: {
    pages: readonly string[];
    events: Uint32Array;
    offsets: Uint32Array;
    starts?: Float64Array | undefined;
  }) {
    this.pages = columns.pages;
    this.events = columns.events;
    this.#offsets = columns.offsets;
    this.starts = columns.starts;
  }

  /** Puts sessions of names into columns. */
  static of(sessions: Iterable<readonly string[]>): Sessions {
    const ids = new Map<string, number>();
    const events: number[] = [];
    const offsets = [0];
    for (const session of sessions) {
      for (const page of session) {
        const id = ids.get(page) ?? ids.size;
        ids.set(page, id);
        events.push(id);
      }
      offsets.push(events.length);
    }
    return new Sessions({
      pages: [...ids.keys()],
      events: Uint32Array.from(events),
      offsets: Uint32Array.from(offsets),
    });
  }

  get length(): number {
    return this.#offsets.length - 1;
  }

  /** The pages of a session as indices into `pages`: a view, not a copy. */
  indices(session: number): Uint32Array {
    return this.events.subarray(this.#offsets[session], this.#offsets[session + 1]);
  }

  *[Symbol.iterator](): Iterator<string[]> {
    for (let i = 0; i < this.length; i++) yield Array.from(this.indices(i), (page) => this.pages[page] ?? '');
  }

  /** uint32 [pages]: how many events saw each page. */
  countPages(): Uint32Array {
    const counts = new Uint32Array(this.pages.length);
    for (const page of this.events) counts[page] = (counts[page] ?? 0) + 1;
    return counts;
  }

  /** Some sessions, in the order given, over the same pages. */
  select(sessions: ArrayLike<number>): Sessions {
    const chosen = Array.from(sessions);
    return this.#copy(
      chosen,
      chosen.map((session) => this.indices(session)),
    );
  }

  /** The sessions from `start` up to `end`, over the same pages. */
  slice(start: number, end = this.length): Sessions {
    const offsets = this.#offsets.subarray(start, end + 1);
    const first = offsets[0] ?? 0;
    return new Sessions({
      pages: this.pages,
      events: this.events.subarray(first, offsets.at(-1)),
      offsets: offsets.map((offset) => offset - first),
      starts: this.starts?.subarray(start, end),
    });
  }

  /** Takes the events of some pages away, and then the sessions that are left with one page or none. */
  keepPages(isKept: (page: string) => boolean): { sessions: Sessions; removedEvents: number } {
    const kept = this.pages.map((page) => isKept(page));
    const rest = Array.from({ length: this.length }, (_, i) => this.indices(i).filter((page) => kept[page]));
    const chosen = rest.flatMap((session, i) => (session.length > 1 ? [i] : []));
    const sessions = this.#copy(
      chosen,
      chosen.map((i) => rest[i] ?? new Uint32Array()),
    );
    const removedEvents = this.events.reduce((sum, page) => sum + (kept[page] ? 0 : 1), 0);
    return { sessions, removedEvents };
  }

  #copy(chosen: readonly number[], lists: readonly Uint32Array[]): Sessions {
    const offsets = new Uint32Array(lists.length + 1);
    for (const [i, list] of lists.entries()) offsets[i + 1] = (offsets[i] ?? 0) + list.length;
    const events = new Uint32Array(offsets.at(-1) ?? 0);
    for (const [i, list] of lists.entries()) events.set(list, offsets[i]);
    const { starts } = this;
    return new Sessions({
      pages: this.pages,
      events,
      offsets,
      starts: starts && Float64Array.from(chosen, (session) => starts[session] ?? 0),
    });
  }
}

import { FIRST_TOKEN_ID, PADDING_ID } from '@pathcast/models/vocabulary';
import type { TokenSessions } from '../data/sessions/token-sessions.ts';

/**
 * The steps that are ranked, in the order of the sessions. Ranks are kept as uint32 [steps] in this order, so that
 * whatever ranks the same steps can be compared step by step.
 */
export class Steps {
  readonly sessions: TokenSessions;
  /** uint32 [steps], rising: where each step's target is among all events of the sessions. */
  readonly events: Uint32Array;
  /** uint32 [steps], rising: the session that each step is of. */
  readonly sessionOf: Uint32Array;
  #places: Uint32Array | undefined;

  /** @param isScored whether the event at a place of a session, never its first, is a target, if it is a token. */
  constructor(sessions: TokenSessions, isScored: (place: number, length: number) => boolean = () => true) {
    const events: number[] = [];
    const sessionOf: number[] = [];
    for (let session = 0; session < sessions.length; session++) {
      const start = sessions.offsets[session] ?? 0;
      const length = (sessions.offsets[session + 1] ?? 0) - start;
      for (let place = 1; place < length; place++) {
        if ((sessions.ids[start + place] ?? PADDING_ID) < FIRST_TOKEN_ID || !isScored(place, length))
          continue;
        events.push(start + place);
        sessionOf.push(session);
      }
    }
    this.sessions = sessions;
    this.events = Uint32Array.from(events);
    this.sessionOf = Uint32Array.from(sessionOf);
  }

  get length(): number {
    return this.events.length;
  }

  /** The id that followed. */
  target(step: number): number {
    return this.sessions.ids[this.events[step] ?? 0] ?? PADDING_ID;
  }

  /** How many pages the session had before. */
  historyLength(step: number): number {
    return (this.events[step] ?? 0) - (this.sessions.offsets[this.sessionOf[step] ?? 0] ?? 0);
  }

  /** int32 [1 to newest]: the ids before the target, oldest first: a view, not a copy. */
  history(step: number, newest = Number.POSITIVE_INFINITY): Int32Array {
    const event = this.events[step] ?? 0;
    return this.sessions.ids.subarray(event - Math.min(newest, this.historyLength(step)), event);
  }

  /**
   * Where the step of an event is, for scores that come in another order.
   * @throws RangeError when the event is no step's target.
   */
  stepOf(event: number): number {
    this.#places ??= placesOf(this.events, this.sessions.ids.length);
    const place = this.#places[event];
    if (!place) throw new RangeError(`event ${event} is no step's target`);
    return place - 1;
  }
}

/** Every step of every session whose target is a token. */
export function stepsOf(sessions: TokenSessions): Steps {
  return new Steps(sessions);
}

/** The last step of every session whose target is a token: what the tutorial predicts. */
export function lastStepsOf(sessions: TokenSessions): Steps {
  return new Steps(sessions, (place, length) => place === length - 1);
}

/** uint32 [events]: each event's step plus one, 0 for none. */
function placesOf(events: Uint32Array, length: number): Uint32Array {
  const places = new Uint32Array(length);
  for (const [step, event] of events.entries()) places[event] = step + 1;
  return places;
}

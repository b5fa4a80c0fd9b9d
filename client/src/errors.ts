/** Everything that Pathcast throws is one, but an abort: that is the signal's own reason. */
export class PathcastError extends Error {}

/** An argument was not what it must be; nothing was sent. */
export class InputError extends PathcastError {
  override name = 'InputError';
  /** The argument at fault, such as `history[2]`. */
  declare readonly field: string;

  constructor(field: string, rule: string) {
    super(`${field} ${rule}`);
    this.field = field;
  }
}

/** Fields of a request's error. */
interface Details {
  readonly method: string;
  readonly url: string;
  readonly [field: string]: unknown;
}

/** A request failed; the subclass says how. */
export class RequestError extends PathcastError {
  declare readonly method: string;
  declare readonly url: string;

  constructor(details: Details, what: string, cause?: unknown) {
    super(`${details.method} ${details.url} ${what}`, { cause });
    Object.assign(this, details);
  }
}

/** No answer came, twice: no network, no server, or a server that allows no requests from this page. */
export class NetworkError extends RequestError {
  override name = 'NetworkError';
}

/** No whole answer came in time. */
export class TimeoutError extends RequestError {
  override name = 'TimeoutError';
}

/** The server answered with an error status. */
export class HttpError extends RequestError {
  override name = 'HttpError';
  declare readonly status: number;
  /** The server's own sentence, where it gave one. */
  declare readonly detail?: string;
  /** The problem's stable type, such as `urn:pathcast:problem:unknown-model`, where it gave one. */
  declare readonly type?: string;
  /** How long the server asks to be left alone, as with a 429; 0 where it does not say. */
  declare readonly retryAfterSeconds: number;
}

/** The server's answer is not one of Pathcast's. */
export class ResponseError extends RequestError {
  override name = 'ResponseError';
  /** The part of the answer at fault, such as `predictions[0].next`. */
  declare readonly field: string;
}

/** Everything that Pathcast throws, but an abort: that is the signal's own reason. */
export class PathcastError extends Error {
  override name = 'PathcastError';
}

/** An argument was not what it must be; nothing was sent. */
export class InputError extends PathcastError {
  override name = 'InputError';

  constructor(
    /** The argument at fault, such as `history[2]`. */
    readonly field: string,
    rule: string,
  ) {
    super(`${field} ${rule}`);
  }
}

/** A request failed; the subclass says how. */
export class RequestError extends PathcastError {
  override name = 'RequestError';

  constructor(
    readonly method: string,
    readonly url: string,
    what: string,
    cause?: unknown,
  ) {
    super(`${method} ${url} ${what}`, { cause });
  }
}

/** No answer came: no network, no server, or a server that allows no requests from this page. */
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

  constructor(
    method: string,
    url: string,
    readonly status: number,
    /** The server's own sentence, where it gave one. */
    readonly detail?: string,
    /** The problem's stable type, such as `urn:pathcast:problem:unknown-model`, where it gave one. */
    readonly type?: string,
  ) {
    super(method, url, `answered ${status}${detail ? `: ${detail}` : ''}`);
  }
}

/** The server's answer is not one of Pathcast's. */
export class ResponseError extends RequestError {
  override name = 'ResponseError';

  constructor(
    method: string,
    url: string,
    /** The part of the answer at fault, such as `predictions[0].next`. */
    readonly field: string,
    cause?: unknown,
  ) {
    super(method, url, `answered with a bad ${field}`, cause);
  }
}

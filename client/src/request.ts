import { HttpError, NetworkError, PathcastError, ResponseError, TimeoutError } from './errors.ts';
import { BadField, isRecord } from './guards.ts';

/** What a request needs beside its path. */
export interface RequestOptions {
  /** Sent by POST as JSON; without it the request is a GET. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** For this request, instead of the client's; milliseconds, the whole answer included. */
  readonly timeoutMs?: number;
}

/** Where and how a client asks. */
export interface Transport {
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly fetch: typeof globalThis.fetch;
}

/**
 * Asks the API and reads the answer's body within one timeout.
 * @param read turns a good answer into the result; what it throws that is not ours becomes a ResponseError.
 * @throws NetworkError, TimeoutError, HttpError or ResponseError; the signal's reason when it aborts.
 */
export async function request<T>(
  { endpoint, timeoutMs, fetch }: Transport,
  path: string,
  { body, signal, timeoutMs: ownTimeoutMs = timeoutMs }: RequestOptions,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const url = endpoint + path;
  const method = body === undefined ? 'GET' : 'POST';
  // Text, not JSON, so that a browser asks across origins without a preflight.
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'text/plain' } };
  const timeout = AbortSignal.timeout(ownTimeoutMs);
  let response: Response | undefined;
  try {
    response = await fetch(url, {
      method,
      ...init,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (!response.ok) throw await httpError(method, url, response);
    return await read(response);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    if (timeout.aborted) {
      throw new TimeoutError(method, url, `took over ${ownTimeoutMs} ms`, cause);
    }
    if (cause instanceof PathcastError) throw cause;
    // A body that stops halfway is a TypeError, as a refused connection is; one that does not parse is not.
    if (response && !(cause instanceof TypeError)) {
      throw new ResponseError(method, url, cause instanceof BadField ? cause.field : 'body', cause);
    }
    throw new NetworkError(method, url, 'failed', cause);
  }
}

async function httpError(method: string, url: string, response: Response): Promise<HttpError> {
  const problem: unknown = await response.json().catch(() => undefined);
  const { detail, type } = isRecord(problem) ? problem : {};
  return new HttpError(method, url, response.status, text(detail), text(type));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

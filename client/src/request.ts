import { HttpError, NetworkError, PathcastError, ResponseError, TimeoutError } from './errors.ts';
import { record, text } from './guards.ts';

/** What a request needs beside its path. */
export interface RequestOptions {
  /** Sent by POST as JSON; without it the request is a GET. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** For this request, instead of the client's; milliseconds, the whole answer included. */
  readonly timeoutMs?: number | undefined;
}

/** Where and how a client asks. */
export interface Transport {
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly fetch: typeof globalThis.fetch | undefined;
}

/** Turns a good answer into the result. Called once more where the first answer broke off. */
export type Read<T> = (response: Response) => Promise<T>;

/** A request that any number of callers wait for. */
interface Shared<T> {
  /** Until when others may join: ms, as `Date.now()` counts; 0 once it failed, or all have left. */
  until: number;
  /** Waits for the answer, or rejects with the signal's reason. */
  join(signal: AbortSignal | undefined): Promise<T>;
}

/** Requests under way and their answers, by path and body. */
export type Kept = Map<string, Shared<unknown>>;

/**
 * Gives a function that asks the API, once more if the network fails, and reads the answer, all within one timeout.
 * Where it is given `kept`, identical requests are one while it is under way, aborted when all who wait for it have left;
 * and its answer is given again for as long as the server's Cache-Control allows. What `read` throws that is not ours
 * becomes a ResponseError. (Functions are arrows here, and in the files beside: they are shorter once minified.)
 * @throws NetworkError, TimeoutError, HttpError or ResponseError; the signal's reason when it aborts.
 */
export const createAsk =
  (transport: Transport) =>
  async <T>(
    path: string,
    read: Read<T>,
    { body, signal, timeoutMs = transport.timeoutMs }: RequestOptions = {},
    kept: Kept = new Map(),
  ): Promise<T> => {
    signal?.throwIfAborted();
    const sent = JSON.stringify(body);
    let shared = kept.get(path + sent) as Shared<T>; // of the same question; or none, which is asked for below
    if (!(shared?.until > Date.now())) {
      // A visit is a handful of pages: nobody would ask again for more.
      if (kept.size > 32) kept.clear();
      shared = start({ ...transport, timeoutMs }, path, sent, read);
      kept.set(path + sent, shared);
    }
    return shared.join(signal);
  };

const start = <T>(
  { endpoint, timeoutMs, fetch: own = fetch }: Transport,
  path: string,
  body: string | undefined,
  read: Read<T>,
): Shared<T> => {
  const details = { method: body ? 'POST' : 'GET', url: endpoint + path };
  const abort = new AbortController();
  const { signal } = abort;
  const asked = Date.now();
  let waiting = 0;
  let fresh = 0;

  const attempt = async (isLast?: number): Promise<T> => {
    let response: Response | undefined;
    try {
      // A string travels as text, not as JSON, so that a browser asks across origins without a preflight.
      response = await own(details.url, { ...details, body, signal });
      if (!response.ok) throw await refusal(details, response);
      const answer = await read(response);
      const caching = response.headers.get('cache-control') as string; // a null is read as text, and says nothing
      // Counted from the question, so that no new version is hidden for longer; NaN where nothing may be kept.
      fresh = asked + Number(/no-|max-age=(\d+)/.exec(caching)?.[1]) * 1000;
      return answer;
    } catch (cause) {
      const { field = 'body' } = Object(cause);
      // Or else all have left, and nobody hears of it.
      if (signal.aborted) throw new TimeoutError(details, `took over ${timeoutMs} ms`, cause);
      // What names a field is a guard's: of an answer, that is the server's fault.
      if (cause instanceof PathcastError && field === 'body') throw cause;
      // A body that stops halfway is a TypeError, as a refused connection is; one that does not parse is not.
      if (response && !(cause instanceof TypeError)) {
        throw new ResponseError({ ...details, field }, `answered: bad ${field}`, cause);
      }
      if (isLast) throw new NetworkError(details, 'failed', cause);
    }
    // At random, so that the visitors of a server that stumbled do not all come back at once.
    await new Promise((resolve) => setTimeout(resolve, 300 * Math.random()));
    return attempt(1);
  };

  const stop = () => {
    clearTimeout(timer);
    shared.until = fresh;
    abort.abort(); // also takes the listeners off the signals of those who waited
  };
  const timer = setTimeout(stop, timeoutMs);
  const answer = attempt().finally(stop);
  const shared: Shared<T> = {
    until: asked + timeoutMs,
    join: (leaving) =>
      new Promise((resolve, reject) => {
        waiting++;
        answer.then(resolve, reject);
        leaving?.addEventListener(
          'abort',
          () => {
            reject(leaving.reason);
            if (!--waiting) stop();
          },
          { signal },
        );
      }),
  };
  return shared;
};

const refusal = async (details: { method: string; url: string }, response: Response): Promise<HttpError> => {
  const { detail, type } = await response
    .json()
    .then(record({ detail: text, type: text }))
    .catch(Object); // what is no problem has neither
  const retryAfterSeconds = Number(response.headers.get('retry-after')) | 0; // a date counts as nothing said
  return new HttpError(
    { ...details, status: response.status, detail, type, retryAfterSeconds },
    `answered ${response.status}${detail ? `: ${detail}` : ''}`,
  );
};

import type { Context } from 'hono';
import type { RateLimiter } from '../rate-limit.ts';
import type { ModelStore } from '../store/store.ts';

/** What every route answers from. */
export interface Services {
  readonly store: ModelStore;
  /** Counts a client's predictions; without it nobody is limited. */
  readonly limiter?: RateLimiter | undefined;
}

/** Answers a request from the services; throws a `ProblemError` for every error it knows. */
export type RouteHandler = (c: Context, services: Services) => Response | Promise<Response>;

/** A path in Hono's form and its handlers. HEAD is answered by GET's. */
export interface Route {
  readonly path: string;
  readonly GET?: RouteHandler;
  readonly POST?: RouteHandler;
}

import type { Context } from 'hono';
import { routePath } from 'hono/route';
import { ProblemError, type ProblemKind } from '../problem.ts';
import { type Observation, toTenths } from './observation.ts';

/**
 * What is kept of a request: nothing that its sender wrote. No history, path, query, address, user agent or header is part
 * of it, and a model's name only where the store knows the model.
 */
export interface RequestRecord {
  /** One that the runtime's parser knows: both refuse others before anything of ours runs. */
  readonly method: string;
  /** The pattern that answered, such as `/v1/models/:model/next`; null where none did. */
  readonly route: string | null;
  readonly model: string | null;
  readonly version: string | null;
  /** How many instances were asked for; null where no prediction was. */
  readonly instances: number | null;
  /** The part of the model that was asked for; null is all of it. */
  readonly part: string | null;
  readonly status: number;
  /** Until the headers of the answer, to a tenth. */
  readonly ms: number;
  readonly cold: boolean;
  readonly problem: ProblemKind | null;
}

/** Records an answered request. */
export function recordRequest(c: Context, observation: Observation, totalMs: number): RequestRecord {
  const route = routeOf(c);
  // A route without a model may ask the store for any of them.
  const known = route?.includes('/:') ? observation.known : null;
  const asked = c.get('asked');
  return {
    method: c.req.method,
    route,
    model: known?.model ?? null,
    version: known?.version ?? null,
    instances: asked?.instances ?? null,
    part: asked?.part ?? null,
    status: c.res.status,
    ms: toTenths(totalMs),
    cold: observation.isCold,
    problem: problemOf(c, route),
  };
}

function routeOf(c: Context): string | null {
  const path = routePath(c, -1);
  return path === '/*' ? null : path; // middleware alone
}

function problemOf({ error, res }: Context, route: string | null): ProblemKind | null {
  if (error) return error instanceof ProblemError ? error.kind : 'internal-error';
  return route === null && res.status === 404 ? 'unknown-route' : null;
}

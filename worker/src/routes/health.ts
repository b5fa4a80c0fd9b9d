import type { HealthResponse } from '@pathcast/models/api';
import { openApi } from '@pathcast/models/openapi';
import { modelStates } from '../states.ts';
import { type Tagged, tag, taggedResponse } from '../tagged.ts';
import type { RouteHandler } from './context.ts';

/**
 * `GET /healthz`: 200 while the Worker runs; its body says what answers, in how much memory, and which current versions do
 * not answer, and why.
 */
export const health: RouteHandler = async (c, { store }) => {
  const states = await modelStates(store);
  const models = states.map(({ name, version, manifestDigest, served, failure }) => ({
    name,
    version,
    manifestDigest,
    memoryBytes: served?.byteLength ?? 0,
    reason: failure?.reason ?? null,
  }));
  const body: HealthResponse = {
    status: states.some(({ failure }) => failure) ? 'degraded' : 'ok',
    memoryBytes: models.reduce((total, { memoryBytes }) => total + memoryBytes, 0),
    models,
  };
  return c.json(body, 200, { 'Cache-Control': 'no-store' });
};

/** The contract, which changes with the Worker alone: made when it is first asked for. */
let document: Tagged | undefined;

/** `GET /openapi.json`: the contract. */
export const contract: RouteHandler = async (c) => {
  document ??= await tag(openApi());
  return taggedResponse(c, document, 'public, max-age=300');
};

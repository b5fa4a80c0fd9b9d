import type { NextResponse, PredictResponse } from '@pathcast/models/api';
import { nextQuerySchema, predictRequestSchema } from '@pathcast/models/api';
import { isNotModified } from '../entity-tag.ts';
import { predict, predictNext } from '../predict.ts';
import { ProblemError } from '../problem.ts';
import { check, checkModelName, readJson } from '../request.ts';
import { preparedModel } from '../served.ts';
import { sha256 } from '../store/objects.ts';
import type { RouteHandler } from './context.ts';

/** A page's visitors ask the same; a published version reaches them within minutes. */
const NEXT_CACHING = 'public, max-age=60, stale-while-revalidate=600';

/**
 * `POST /v1/models/{model}:predict`. Hono cannot match a literal after a parameter, so the last part of the path arrives
 * whole and decoded, and is split at its last colon.
 */
export const predictBatch: RouteHandler = async (c, { store }) => {
  const call = c.req.param('call') ?? '';
  const colon = call.lastIndexOf(':');
  if (colon < 0) {
    const detail = `a model is asked with GET; POST goes to ${checkModelName(call)}:predict`;
    throw new ProblemError('method-not-allowed', detail, { Allow: 'GET, HEAD' });
  }
  const name = checkModelName(call.slice(0, colon));
  const verb = call.slice(colon);
  if (verb !== ':predict') {
    throw new ProblemError('unknown-route', `there is no ${JSON.stringify(verb)} of a model, only :predict`);
  }
  const request = check(predictRequestSchema, await readJson(c.req.raw), 'the body');
  const { version, predictor } = await preparedModel(store, name, request.instances);
  const predictions = predict(predictor, request);
  return c.json({ model: name, version, predictions } satisfies PredictResponse);
};

/** `GET /v1/models/{model}/next?page=…&page=…&top=…&part=…`: one prediction, for tools and shared caches. */
export const predictOne: RouteHandler = async (c, { store }) => {
  const name = checkModelName(c.req.param('model'));
  const { page: history, top, part } = parseQuery(new URL(c.req.url).searchParams);
  const { version, predictor } = await preparedModel(store, name, [{ history }]);
  const query = new TextEncoder().encode(JSON.stringify([history, top, part]));
  const etag = `"${version}-${(await sha256(query)).slice(0, 16)}"`;
  const headers = { ETag: etag, 'Cache-Control': NEXT_CACHING };
  const prediction = predictNext(predictor, { history, top, part });
  if (isNotModified(c.req.header('If-None-Match'), etag)) return c.body(null, 304, headers);
  return c.json({ model: name, version, ...prediction } satisfies NextResponse, 200, headers);
};

/** `page` may be given many times, the others once. */
function parseQuery(query: URLSearchParams) {
  const fields: [string, string | string[]][] = [['page', query.getAll('page')]];
  for (const key of new Set(query.keys())) {
    if (key === 'page') continue;
    const values = query.getAll(key);
    fields.push([key, values.length === 1 ? (values[0] ?? '') : values]);
  }
  return check(nextQuerySchema, Object.fromEntries(fields), 'the query');
}

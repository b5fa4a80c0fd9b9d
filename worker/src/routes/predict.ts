import type { ColumnsResponse, NextResponse, PredictResponse } from '@pathcast/models/api';
import { nextQuerySchema, predictRequestSchema } from '@pathcast/models/api';
import { predictedAddressOf } from '../address.ts';
import { columnsOf } from '../columns.ts';
import { isNotModified } from '../entity-tag.ts';
import { predict, predictNext } from '../predict.ts';
import { check, checkModelName, readJson } from '../request.ts';
import { rowsOf } from '../rows.ts';
import { preparedModel } from '../served.ts';
import { sha256 } from '../store/objects.ts';
import type { RouteHandler } from './context.ts';

/** A page's visitors ask the same; a published version reaches them within minutes. */
const NEXT_CACHING = 'public, max-age=60, stale-while-revalidate=600';

/** A visitor who comes back to a page asks the same; no HTTP cache keeps answers to POST, but the SDK's own does. */
const BATCH_HEADERS = { 'Cache-Control': 'private, max-age=60' };

/**
 * `POST /v1/models/{model}:predict`, of a version or a label too. Rows are answered with `predictions`, columns with
 * `outputs`.
 */
export const predictBatch: RouteHandler = async (c, { store }) => {
  const address = predictedAddressOf(c);
  const request = check(predictRequestSchema, await readJson(c.req.raw), 'the body');
  const rows = rowsOf(request);
  c.set('asked', { instances: rows.instances.length, part: request.part });
  const { name: model, version, predictor } = await preparedModel(store, address, rows.instances);
  const predicted = predict(predictor, rows, request);
  if (rows.form === 'columns') {
    return c.json(
      { model, version, outputs: columnsOf(predicted) } satisfies ColumnsResponse,
      200,
      BATCH_HEADERS,
    );
  }
  return c.json(
    { model, version, predictions: predicted.predictions } satisfies PredictResponse,
    200,
    BATCH_HEADERS,
  );
};

/** `GET /v1/models/{model}/next?page=…&page=…&top=…&part=…`: one prediction, for tools and shared caches. */
export const predictOne: RouteHandler = async (c, { store }) => {
  const name = checkModelName(c.req.param('model'));
  const { page: history, top, part } = parseQuery(new URL(c.req.url).searchParams);
  c.set('asked', { instances: 1, part });
  const { version, predictor } = await preparedModel(store, { name, version: undefined }, [{ history }]);
  const query = new TextEncoder().encode(JSON.stringify([history, top, part]));
  // Weak: another release, or another machine's arithmetic, may differ in the last digit.
  const etag = `W/"${version}-${(await sha256(query)).slice(0, 16)}"`;
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

import type { Context } from 'hono';
import { contentRange, parseRange } from '../byte-range.ts';
import { isNotModified } from '../entity-tag.ts';
import { ProblemError } from '../problem.ts';
import { checkModelName, checkVersion } from '../request.ts';
import type { ByteRange, PublicFile } from '../store/store.ts';
import type { RouteHandler } from './context.ts';

const IMMUTABLE = 'public, max-age=31536000, immutable';

/**
 * `GET /v1/models/{model}/versions/{version}/{path}`: a public file, or a part of it. The decoded path is looked up by its
 * exact name among the files that the manifest marks public, so that no path can lead anywhere else.
 */
export const artifact: RouteHandler = async (c, { store }) => {
  const name = checkModelName(c.req.param('model'));
  const version = checkVersion(c.req.param('version'));
  const path = c.req.param('path') ?? '';
  const file = (await store.publicFiles(name, version)).get(path);
  if (!file) {
    const detail = `path: version ${version} of "${name}" has no public file ${JSON.stringify(path)}`;
    throw new ProblemError('unknown-file', detail);
  }
  const etag = `"${file.sha256}"`;
  const headers = {
    ETag: etag,
    'Cache-Control': IMMUTABLE,
    'Accept-Ranges': 'bytes',
    'Content-Type': path.endsWith('.json') ? 'application/json' : 'application/octet-stream',
  };
  if (isNotModified(c.req.header('If-None-Match'), etag)) return new Response(null, { status: 304, headers });

  const whole = { ...headers, 'Content-Length': String(file.bytes) };
  if (c.req.method === 'HEAD') {
    await store.verify(name, version, file);
    return new Response(null, { headers: whole });
  }
  const range = requestedRange(c, file, etag);
  const body = await store.open(name, version, file, range);
  if (!range) return new Response(body, { headers: whole });
  const length = String(range.length);
  const part = { 'Content-Length': length, 'Content-Range': contentRange(range, file.bytes) };
  return new Response(body, { status: 206, headers: { ...headers, ...part } });
};

/** `If-Range` asks for the whole file when its tag has changed. */
function requestedRange(c: Context, file: PublicFile, etag: string): ByteRange | undefined {
  const ifRange = c.req.header('If-Range');
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  return parseRange(c.req.header('Range'), file.bytes);
}

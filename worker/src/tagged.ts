import type { Context } from 'hono';
import { isNotModified } from './entity-tag.ts';
import { sha256 } from './store/objects.ts';

/** An answer of JSON, and the strong validator of its bytes. */
export interface Tagged {
  readonly text: string;
  readonly etag: string;
}

/** Caches keep it and ask each time whether it still holds: what is published shows at once. */
export const REVALIDATED = 'no-cache';

export async function tag(body: unknown): Promise<Tagged> {
  const text = JSON.stringify(body);
  return { text, etag: `"${(await sha256(new TextEncoder().encode(text))).slice(0, 32)}"` };
}

/** Answers with the text, or with 304 to those who have it. */
export function taggedResponse(c: Context, { text, etag }: Tagged, caching = REVALIDATED): Response {
  const headers = { ETag: etag, 'Cache-Control': caching };
  if (isNotModified(c.req.header('If-None-Match'), etag)) return c.body(null, 304, headers);
  return c.body(text, 200, { ...headers, 'Content-Type': 'application/json' });
}

import type { MiddlewareHandler } from 'hono';

/** A body is read to its end up to here, though only `LIMITS.bodyBytes` of it are kept. */
export const DROPPED_BYTES = 16 << 20;

/**
 * Reads and drops what a route left of a body: a client that is cut off while it sends never sees the answer, and the next
 * request of its connection would begin in the middle of this one.
 */
export const dropUnreadBody: MiddlewareHandler = async (c, next) => {
  await next();
  const { body, bodyUsed } = c.req.raw;
  if (!body || bodyUsed) return;
  let length = 0;
  // A request's body is always of bytes; its type does not say so.
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > DROPPED_BYTES) break; // leaving the loop cancels the stream
  }
};

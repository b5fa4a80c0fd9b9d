import { ProblemError } from './problem.ts';
import type { RouteHandler } from './routes/context.ts';

/** Cloudflare's rate-limit binding, or whatever counts as it does. */
export interface RateLimiter {
  /** @returns whether the key may go on. */
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The period of wrangler.toml's limit, which a Worker is not told: after it, a client may ask again. */
const RETRY_AFTER_SECONDS = 10;

/**
 * Answers 429 in a route's place to a client that asks too often. Without a limiter, or when it fails, all may ask: a
 * prediction is worth more than a count.
 */
export function limited(handler: RouteHandler): RouteHandler {
  return async (c, services) => {
    const key = clientOf(c.req.header('CF-Connecting-IP'));
    if (services.limiter && key && !(await mayAsk(services.limiter, key))) {
      throw new ProblemError('too-many-requests', 'this client asks too often; wait, or send batches', {
        'Retry-After': String(RETRY_AFTER_SECONDS),
      });
    }
    return handler(c, services);
  };
}

async function mayAsk(limiter: RateLimiter, key: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key })).success;
  } catch (error) {
    console.error(error);
    return true;
  }
}

/**
 * Whom an address counts for: IPv4 whole, of IPv6 the /64 that a household gets, so that nobody has 2^64 keys. Undefined for
 * this machine itself, where a server is tried out, and where there is no address, which Cloudflare always sets.
 */
export function clientOf(address = ''): string | undefined {
  if (address === '' || address === '::1' || /^(?:::ffff:)?127\./i.test(address)) return undefined;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':');
    groups.push(...Array<string>(Math.max(0, 8 - groups.length - last.length)).fill('0'), ...last);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

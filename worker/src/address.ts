import { STABLE } from '@pathcast/models/api';
import type { Context } from 'hono';
import { ProblemError } from './problem.ts';
import { checkModelName, checkVersion } from './request.ts';

/** A model as a path names it, and the version or label that the caller insists on. */
export interface Address {
  readonly name: string;
  readonly version: string | undefined;
}

interface Segments {
  readonly model: string | undefined;
  readonly version: string | undefined;
  readonly label: string | undefined;
}

/**
 * Reads `{model}`, `{model}/versions/{version}` or `{model}/labels/{label}`.
 * @throws ProblemError `method-not-allowed` when a verb such as `:predict` follows, which POST asks with.
 */
export function addressOf(c: Context): Address {
  const segments = segmentsOf(c);
  if (segments[lastOf(segments)]?.includes(':')) {
    const detail = 'a method such as :predict is asked with POST';
    throw new ProblemError('method-not-allowed', detail, { Allow: 'POST' });
  }
  return check(segments);
}

/**
 * As {@link addressOf}, with `:predict` at its end. Hono cannot match a literal after a parameter, so the last segment
 * arrives whole and decoded, and is split at its last colon.
 * @throws ProblemError `method-not-allowed` without a verb, `unknown-route` with another one.
 */
export function predictedAddressOf(c: Context): Address {
  const segments = segmentsOf(c);
  const key = lastOf(segments);
  const call = segments[key] ?? '';
  const colon = call.lastIndexOf(':');
  if (colon < 0) {
    check(segments);
    const detail = `a model is asked with GET; POST goes to ${call}:predict`;
    throw new ProblemError('method-not-allowed', detail, { Allow: 'GET, HEAD' });
  }
  const address = check({ ...segments, [key]: call.slice(0, colon) });
  const verb = call.slice(colon);
  if (verb === ':predict') return address;
  throw new ProblemError('unknown-route', `there is no ${JSON.stringify(verb)} of a model, only :predict`);
}

function segmentsOf(c: Context): Segments {
  return { model: c.req.param('model'), version: c.req.param('version'), label: c.req.param('label') };
}

function lastOf({ version, label }: Segments): keyof Segments {
  if (label !== undefined) return 'label';
  return version === undefined ? 'model' : 'version';
}

function check({ model, version, label }: Segments): Address {
  const name = checkModelName(model);
  if (label !== undefined && label !== STABLE) {
    const detail = `label: models have only the label "${STABLE}", of the version that answers, not ${JSON.stringify(label)}`;
    throw new ProblemError('unknown-label', detail);
  }
  return { name, version: version === undefined ? undefined : checkVersion(version) };
}

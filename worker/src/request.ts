import { LIMITS } from '@pathcast/models/api';
import { modelNameSchema, versionSchema } from '@pathcast/models/artifacts';
import { firstIssue } from '@pathcast/models/first-issue';
import { ProblemError } from './problem.ts';
import { DROPPED_BYTES } from './unread-body.ts';

/** `application/x-www-form-urlencoded` is what `curl -d` says of any body, and what TensorFlow Serving's docs send. */
const JSON_TYPES = /^(?:application\/(?:[a-z0-9.-]+\+)?json|text\/plain|application\/x-www-form-urlencoded)$/;

/** What is used of a zod schema. */
interface Schema<T> {
  safeParse(
    value: unknown,
  ): { success: true; data: T } | { success: false; error: Parameters<typeof firstIssue>[0] };
}

/**
 * Checks a part of a request against its schema.
 * @throws ProblemError `invalid-request`, naming the field at fault.
 */
export function check<T>(schema: Schema<T>, value: unknown, root?: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid(firstIssue(parsed.error, root));
  return parsed.data;
}

/** @param detail one sentence that begins with the field at fault. */
export function invalid(detail: string): ProblemError {
  return new ProblemError('invalid-request', detail);
}

/** @throws ProblemError `invalid-request` for what can be no model's name. */
export function checkModelName(name: string | undefined): string {
  return check(modelNameSchema, name, 'model');
}

/** @throws ProblemError `invalid-request` for what can be no version. */
export function checkVersion(version: string | undefined): string {
  return check(versionSchema, version, 'version');
}

/**
 * Reads a body of JSON, whatever type of text it claims to be: `text/plain` needs no preflight.
 * @throws ProblemError for a body that is too large, of another type, empty, not UTF-8 or not JSON.
 */
export async function readJson(request: Request): Promise<unknown> {
  const [type = ''] = (request.headers.get('Content-Type') ?? 'application/json').split(';');
  if (!JSON_TYPES.test(type.trim().toLowerCase())) {
    throw new ProblemError(
      'unsupported-media-type',
      `Content-Type: "${type.trim()}" is not application/json, text/plain or application/x-www-form-urlencoded`,
    );
  }
  const encoding = request.headers.get('Content-Encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new ProblemError(
      'unsupported-media-type',
      `Content-Encoding: "${encoding}" is not read here; send it plain`,
    );
  }
  const bytes = await readBody(request);
  if (bytes.length === 0) throw invalid('the body is empty; it should be JSON with a field "instances"');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw invalid('the body is not UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('the body is not JSON');
  }
}

/**
 * Reads a body, keeping no more than the limit, whatever length was announced. What goes beyond is read and dropped for a
 * while: a client that is cut off while it sends never sees the answer.
 */
async function readBody(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // A request's body is always of bytes; its type does not say so.
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > DROPPED_BYTES) break; // leaving the loop cancels the stream
    if (length <= LIMITS.bodyBytes) chunks.push(chunk);
  }
  if (length > LIMITS.bodyBytes) {
    const detail = `the body has more than the ${LIMITS.bodyBytes} bytes that are read`;
    throw new ProblemError('body-too-large', detail);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

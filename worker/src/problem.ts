import type { Problem } from '@pathcast/models/api';

/** Every kind of error that the API answers with: the tail of its `type`, its status, and its title. */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'unknown-route': { status: 404, title: 'There is nothing at this path' },
  'unknown-model': { status: 404, title: 'There is no such model' },
  'unknown-version': { status: 404, title: 'The model has no such version' },
  'unknown-label': { status: 404, title: 'The model has no such label' },
  'unknown-file': { status: 404, title: 'The version has no such public file' },
  'method-not-allowed': { status: 405, title: 'The path does not answer to this method' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is not in a form that is read here' },
  'range-not-satisfiable': { status: 416, title: 'The range lies outside the file' },
  'too-many-requests': { status: 429, title: 'The client asks too often' },
  'internal-error': { status: 500, title: 'The server failed' },
  'model-unavailable': { status: 503, title: 'The model cannot answer' },
} as const;

export type ProblemKind = keyof typeof PROBLEMS;

/** The one exception of the Worker: an answer of `application/problem+json`, thrown from anywhere and caught once. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  /**
   * @param detail one sentence for the caller: the field or file at fault and what is wrong with it.
   * @param headers of the answer, such as `Allow`.
   */
  constructor(
    readonly kind: ProblemKind,
    readonly detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }
}

/** The answer for a thrown problem: RFC 9457, with TensorFlow Serving's `error` beside it. */
export function problemResponse({ kind, detail, headers }: ProblemError): Response {
  const { status, title } = PROBLEMS[kind];
  const problem: Problem = { type: `urn:pathcast:problem:${kind}`, title, status, detail, error: detail };
  return new Response(JSON.stringify(problem), {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store', ...headers },
  });
}

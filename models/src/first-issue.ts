import type * as z from 'zod';

/** One clear sentence from a failed check: the field at fault, and what is wrong with it. */
export function firstIssue(error: z.ZodError, root = 'the request'): string {
  const issue = deepest(error.issues);
  if (!issue) return `${root} is not valid`;
  const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return `${path.replace(/^\./, '') || root}: ${issue.message}`;
}

type Issue = z.core.$ZodIssue;

/** In a union, the branch that got furthest knows best what was meant. */
function deepest(issues: readonly Issue[]): Issue | undefined {
  const [issue] = issues;
  if (issue?.code !== 'invalid_union') return issue;
  const branches = issue.errors.map(deepest).filter((found) => found !== undefined);
  branches.sort((a, b) => b.path.length - a.path.length);
  const [best] = branches;
  // Where no branch gets past the value's type, the union itself says best what it takes.
  if (!best || (best.code === 'invalid_type' && best.path.length === 0)) return issue;
  return { ...best, path: [...issue.path, ...best.path] };
}

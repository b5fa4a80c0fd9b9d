import type * as z from 'zod';

/** One clear sentence from a failed check: the field at fault, and what is wrong with it. */
export function firstIssue(error: z.ZodError, root = 'the request'): string {
  const issue = deepest(error.issues);
  if (!issue) return `${root} is not valid`;
  const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return `${path.replace(/^\./, '') || root}: ${issue.message}`;
}

type Issue = z.core.$ZodIssue;

/**
 * In a union, a branch of the value's own type knows best what was meant: of these the one that knows most of the keys,
 * and then the one that got furthest.
 */
function deepest(issues: readonly Issue[]): Issue | undefined {
  const [issue] = issues;
  if (issue?.code !== 'invalid_union') return issue;
  const branches = issue.errors
    .map((issues) => ({ strangers: countStrangers(issues), first: deepest(issues) }))
    .filter(({ first }) => first && !(first.code === 'invalid_type' && first.path.length === 0))
    .sort((a, b) => a.strangers - b.strangers || depth(b.first) - depth(a.first));
  const best = branches[0]?.first;
  // Where no branch gets past the value's type, the union itself says best what it takes.
  return best ? { ...best, path: [...issue.path, ...best.path] } : issue;
}

function depth(issue: Issue | undefined): number {
  return issue?.path.length ?? 0;
}

/** How many keys a branch does not know. */
function countStrangers(issues: readonly Issue[]): number {
  const counts = issues.map((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.length : 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

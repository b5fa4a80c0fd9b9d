import type * as z from 'zod';

/** One clear sentence from a failed check: the field at fault, and what is wrong with it. */
export function firstIssue(error: z.ZodError, root = 'the request'): string {
  const issue = deepest(error.issues);
  if (!issue) return `${root} is not valid`;
  const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return `${path.replace(/^\./, '') || root}: ${issue.message}`;
}

type Issue = z.core.$ZodIssue;

/** In a union, the branch that knows most of the keys, and of these the one that got furthest, knows best what was meant. */
function deepest(issues: readonly Issue[]): Issue | undefined {
  const [issue] = issues;
  if (issue?.code !== 'invalid_union') return issue;
  const branches = issue.errors
    .map((issues) => ({ strangers: countStrangers(issues), first: deepest(issues) }))
    .sort((a, b) => a.strangers - b.strangers || depth(b.first) - depth(a.first));
  const best = branches[0]?.first;
  // Where no branch gets past the value's type, the union itself says best what it takes.
  if (!best || (best.code === 'invalid_type' && best.path.length === 0)) return issue;
  return { ...best, path: [...issue.path, ...best.path] };
}

function depth(issue: Issue | undefined): number {
  return issue?.path.length ?? 0;
}

/** How many keys a branch does not know. */
function countStrangers(issues: readonly Issue[]): number {
  const counts = issues.map((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.length : 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

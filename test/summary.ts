import { readFile } from 'node:fs/promises';

/** How a run of the tests went. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** `N passed, N failed`, and `, N skipped` where any was. */
  readonly line: string;
}

/** Counts vitest's JSON report; a file of tests that did not even load is one failure, as is a missing report. */
export async function readSummary(path: string): Promise<Summary> {
  const report: unknown = await readFile(path, 'utf8')
    .then(JSON.parse)
    .catch(() => undefined);
  const suites = list(report, 'testResults');
  const statuses = suites.flatMap((suite) => {
    const tests = list(suite, 'assertionResults').map((test) => text(test, 'status'));
    const isBroken = text(suite, 'status') === 'failed' && !tests.includes('failed');
    return isBroken ? [...tests, 'failed'] : tests;
  });
  if (suites.length === 0) statuses.push('failed');
  const passed = statuses.filter((status) => status === 'passed').length;
  const failed = statuses.filter((status) => status === 'failed').length;
  const skipped = statuses.length - passed - failed;
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return { passed, failed, skipped, line };
}

function list(value: unknown, key: string): unknown[] {
  const found = field(value, key);
  return Array.isArray(found) ? found : [];
}

function text(value: unknown, key: string): string {
  return String(field(value, key));
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

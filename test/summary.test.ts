import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSummary } from './summary.ts';
import { temporaryFolder } from './support/folder.ts';

async function summarise(report: unknown) {
  const path = join(await temporaryFolder(), 'report.json');
  await writeFile(path, typeof report === 'string' ? report : JSON.stringify(report));
  return (await readSummary(path)).line;
}

const suite = (status: string, ...statuses: string[]) => ({
  status,
  assertionResults: statuses.map((each) => ({ status: each })),
});

describe('the line that ends a run', () => {
  it('counts what passed, failed and was skipped', async () => {
    const testResults = [suite('passed', 'passed', 'passed', 'pending'), suite('failed', 'failed', 'passed')];
    expect(await summarise({ testResults })).toBe('3 passed, 1 failed, 1 skipped');
  });

  it('counts a file that does not load as a failure', async () => {
    expect(await summarise({ testResults: [suite('passed', 'passed'), suite('failed')] })).toBe(
      '1 passed, 1 failed',
    );
  });

  it('is a failure when there is no report, half a report or an empty one', async () => {
    expect((await readSummary('/nowhere/report.json')).line).toBe('0 passed, 1 failed');
    expect(await summarise('{"testResults":')).toBe('0 passed, 1 failed');
    expect(await summarise({ testResults: [] })).toBe('0 passed, 1 failed');
  });
});

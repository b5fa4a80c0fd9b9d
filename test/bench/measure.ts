import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runScript } from '../support/cli.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

/** The middle of the values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * Times several works side by side: each once to warm up, then in turns, so that noise falls on all alike.
 * @returns the median of each, in ms.
 */
export function timeInTurns<Name extends string>(
  works: Record<Name, () => void>,
  turns: number,
): Record<Name, number> {
  const names = Object.keys(works) as Name[]; // a record's own keys
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let turn = -1; turn < turns; turn++) {
    for (const name of names) {
      const start = performance.now();
      works[name]();
      if (turn >= 0) times.get(name)?.push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<
    Name,
    number
  >; // the same keys
}

/** Writes the process's CPU time, in s, and its largest resident size, in KiB, to stderr at its end. */
const CPU_PROBE = `process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  process.stderr.write('\\nCPU ' + (userCPUTime + systemCPUTime) / 1e6 + '\\nRSS ' + maxRSS + '\\n');
})`;

export interface Measured {
  readonly stdout: string;
  /** User and system time of the process and its children, in s. */
  readonly cpuSeconds: number;
  /** The largest resident size of the process. */
  readonly peakBytes: number;
  /** Wall time, in s. */
  readonly seconds: number;
}

/**
 * Runs one of our scripts in a process of its own and reads its CPU time.
 * @throws Error with what it wrote to stderr when it fails.
 */
export async function measureScript(script: string, args: readonly string[]): Promise<Measured> {
  const started = Date.now();
  const probe = `data:text/javascript,${encodeURIComponent(CPU_PROBE)}`;
  const { code, stdout, stderr } = await runScript(script, args, ROOT, ['--import', probe]);
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} failed: ${stderr.trim()}`);
  const cpuSeconds = Number(/\nCPU ([\d.]+)\n/.exec(stderr)?.[1] ?? Number.NaN);
  const peakBytes = Number(/\nRSS (\d+)\n/.exec(stderr)?.[1] ?? Number.NaN) * 1024;
  return { stdout, cpuSeconds, peakBytes, seconds: (Date.now() - started) / 1000 };
}

/** Gives a work an empty folder, which is gone afterwards. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'pathcast-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The last line of a command's output: the folder that `train` made. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

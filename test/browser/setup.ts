import '@tensorflow/tfjs'; // a backend, in which the exports build their graph
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CELLS } from '@pathcast/models/spec';
import { sampleSessions } from '@pathcast/train/data/sample-site';
import { env } from '@tensorflow/tfjs-core';
import type { TestProject } from 'vitest/node';
import { ensureChromium } from '../chromium.ts';
import { runScript } from '../support/cli.ts';
import { randomModel } from '../support/models.ts';
import { LETTERS, writeRandom } from '../support/versions.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The path of a Chrome or Chromium. */
    chromium: string;
    /** A folder of artifacts: `hihello` and `navigation` as trained, and small random models to compare arithmetic with. */
    artifacts: string;
  }
}

/** Trains the models that the tests serve, by the commands that users run. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  env().set('IS_TEST', true); // the plain CPU backend is enough here, and need not advise another
  provide('chromium', await ensureChromium());
  const folder = await mkdtemp(join(tmpdir(), 'pathcast-browser-'));
  const artifacts = join(folder, 'artifacts');
  const sessions = join(folder, 'sessions.txt');
  const lines = sampleSessions({ sessions: 1500, seed: 1 }).map((pages) => `${pages.join(' ')}\n`);
  await writeFile(sessions, lines.join(''));
  await Promise.all([
    train('hihello', '--out', artifacts),
    train('navigation', '--data', sessions, '--epochs', '3', '--hidden-units', '24', '--out', artifacts),
  ]);
  for (const cell of CELLS) await writeRandom(artifacts, `random-${cell}`, randomModel({ ...LETTERS, cell }));
  // More pages than a head holds, so that some are outside it.
  await writeRandom(
    artifacts,
    'large',
    randomModel({ vocabularySize: 1102, hiddenUnits: 8, input: { type: 'embedding', units: 8 } }),
  );
  provide('artifacts', artifacts);
  return () => rm(folder, { recursive: true, force: true });
}

async function train(...args: string[]): Promise<void> {
  const { code, stderr } = await runScript('train/src/main.ts', args);
  if (code !== 0) throw new Error(`training for the browser tests failed:\n${stderr}`);
}

import '@tensorflow/tfjs'; // a backend, in which the exports build their graph
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { writeVersion } from '@pathcast/train/export/version';
import type { Server } from '@pathcast/worker/scripts/listening';
import { serve } from '@pathcast/worker/scripts/server';
import { env } from '@tensorflow/tfjs-core';
import { randomModel } from '../support/models.ts';

/** The built Worker on workerd, with a model of each task. */
export interface Target extends Server {
  /** The version of each model by its name. */
  readonly versions: Readonly<Record<string, string>>;
}

const MODELS = {
  pages: randomModel({ vocabularySize: 500 }),
  // Its input rows come behind the rest.
  clicks: randomModel({ cell: 'lstm', input: { type: 'one-hot' }, output: 'dense', normalised: false }),
  letters: randomModel({ task: 'label', labels: 'next', output: 'dense', normalised: false }),
};

export async function serveRandomModels(): Promise<Target> {
  env().set('IS_TEST', true); // the plain CPU backend is enough here, and need not advise another
  const artifacts = await mkdtemp(join(tmpdir(), 'pathcast-fuzz-'));
  const versions: Record<string, string> = {};
  const data = { format: 'random', sessions: 0, events: 0, tokens: 0, testSessions: 0 };
  for (const [name, model] of Object.entries(MODELS)) {
    const folder = await writeVersion(artifacts, model, {
      name,
      config: {},
      data,
      metrics: null,
      backend: 'none',
    });
    versions[name] = basename(folder);
  }
  const server = await serve({ artifacts, isQuiet: true });
  return {
    ...server,
    versions,
    async stop() {
      await server.stop();
      await rm(artifacts, { recursive: true, force: true });
    },
  };
}

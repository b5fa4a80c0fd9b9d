import '@tensorflow/tfjs'; // the exports describe the graph with it
import { mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeVersion } from '@pathcast/train/export/version';
import { randomModel } from '../support/models.ts';

const LETTERS = { task: 'label', labels: 'own', output: 'dense', normalised: false } as const;

/** What a version says of a random model. */
export const ABOUT = {
  config: {},
  data: { format: 'random', sessions: 1, events: 2, tokens: 40, testSessions: 0 },
  metrics: null,
  backend: 'none',
};

/** Writes `pages` and `letters`; what lies beside them, and what a link in them leads to, is nobody's business. */
export async function writeArtifacts(): Promise<{ artifacts: string; version: string }> {
  const artifacts = await mkdtemp(join(tmpdir(), 'pathcast-runtimes-'));
  const folder = await writeVersion(artifacts, randomModel(), { name: 'pages', ...ABOUT });
  await writeVersion(artifacts, randomModel(LETTERS), { name: 'letters', ...ABOUT });
  await writeFile(join(artifacts, 'secret.json'), 'secret\n');
  await symlink(join(artifacts, 'secret.json'), join(folder, 'inside.json'));
  await symlink('/etc/hostname', join(folder, 'outside.json'));
  return { artifacts, version: folder.slice(-14) };
}

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findModels, modelObjects } from '@pathcast/worker/scripts/artifact-objects';
import { fillBucket } from '@pathcast/worker/scripts/server';
import { Miniflare } from 'miniflare';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { writeArtifacts } from './artifacts.ts';

it('fills the bucket whole although workerd dies meanwhile', async () => {
  const { artifacts } = await writeArtifacts();
  const models = await findModels(artifacts);
  const state = await temporaryFolder();
  const filled = fillBucket(models, state);

  const r2 = join(state, 'v3/r2');
  const isBegun = async () =>
    existsSync(r2) && (await readdir(r2, { recursive: true })).some((path) => path.includes('blobs/'));
  while (!(await isBegun())) await wait(1);
  // It is this test's own child.
  const [workerd] = execFileSync('pgrep', ['-P', String(process.pid), 'workerd'], { encoding: 'utf8' }).split(
    '\n',
  );
  process.kill(Number(workerd), 'SIGKILL');
  await filled;

  const miniflare = new Miniflare({
    modules: true,
    script: 'export default {}',
    r2Buckets: { MODELS: 'pathcast-models' },
    r2Persist: r2,
  });
  try {
    const bucket = await miniflare.getR2Bucket('MODELS');
    for (const model of models) {
      for await (const { key, bytes } of modelObjects(model)) {
        const stored = await bucket.get(key);
        expect(await stored?.text(), key).toBe(new TextDecoder().decode(bytes));
      }
    }
  } finally {
    await miniflare.dispose();
  }
});

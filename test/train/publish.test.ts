import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishVersion } from '@pathcast/train/publish/publish';
import { Miniflare } from 'miniflare';
import { describe, expect, it } from 'vitest';
import { runScript } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';
import { openVersion, train } from '../support/trained.ts';

describe('npm run publish', () => {
  it('puts files, manifest and pointer into the local R2, and refuses a changed file', async () => {
    const out = await temporaryFolder();
    const state = await temporaryFolder();
    const { stdout } = await train(['hihello', '--iterations', '1', '--out', out]);
    const { folder, manifest } = await openVersion(stdout);
    await publishVersion(folder, 'local', state);

    const miniflare = new Miniflare({
      modules: true,
      script: 'export default {}',
      r2Buckets: { MODELS: 'pathcast-models' },
      r2Persist: join(state, 'v3', 'r2'),
    });
    try {
      const bucket = await miniflare.getR2Bucket('MODELS');
      const pointer = await (await bucket.get('models/hihello/current.json'))?.json();
      expect(pointer).toMatchObject({ version: manifest.version });
      for (const { path, bytes } of manifest.files) {
        expect((await bucket.head(`models/hihello/${manifest.version}/${path}`))?.size).toBe(bytes);
      }
    } finally {
      await miniflare.dispose();
    }

    const renamed = join(out, 'other', manifest.version);
    await cp(folder, renamed, { recursive: true });
    await expect(publishVersion(renamed, 'local', state)).rejects.toThrow(
      'it is of model hihello, not other',
    );

    await writeFile(join(folder, 'vocabulary.txt'), 'x\n');
    await expect(publishVersion(folder, 'local', state)).rejects.toThrow(
      'not the file that the manifest describes',
    );
  });

  it.each([
    [['../x', '--to', 'local'], 'NAME: must be 1 to 64'],
    [['hihello', '--to', 'moon'], '--to: must be local or r2'],
    [['hihello'], '--to is missing'],
    [['hihello', '--to', 'local', '--version', '12'], '--version: must be 14 digits'],
    [['hihello', '--to', 'local', '--artifacts', 'none'], 'train the model first'],
  ])('%j gets one sentence', async (args, message) => {
    const { code, stderr } = await runScript('train/src/publish/main.ts', args, await temporaryFolder());
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pathcast: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});

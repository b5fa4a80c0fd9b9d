import { join } from 'node:path';
import { findModels } from '@pathcast/worker/scripts/artifact-objects';
import { serve } from '@pathcast/worker/scripts/serve';
import { expect, it, onTestFinished } from 'vitest';
import { describeCuda } from '../../support/backends.ts';
import { openVersion, siteFolder, train } from '../../support/trained.ts';

describeCuda('what npm run train makes on cuda', () => {
  it('ranks as what it makes on wasm, and is served as any', { timeout: 120_000 }, async () => {
    const site = await siteFolder();
    const run = async (backend: string) => {
      const out = join(site, backend);
      const args = ['navigation', '--data', 'log.txt', '--epochs', '4', '--out', out, '--backend', backend];
      const { code, stdout, stderr } = await train(args, site);
      expect(
        stderr.split('\n').filter((line) => line.includes('tensorflow') || line.includes('kernel')),
      ).toEqual([]);
      expect(code).toBe(0);
      return { out, stdout, ...(await openVersion(stdout)) };
    };
    const [cuda, wasm] = [await run('cuda'), await run('wasm')];
    expect(cuda.stdout).toMatch(/ {2}backend {3}cuda: TensorFlow \S+ finds no GPU and computes on the CPU\n/);
    expect(cuda.manifest.tools.backend).toBe('cuda');
    const [ours, theirs] = [cuda, wasm].map(
      ({ manifest }) => manifest.metrics?.parts?.recurrent ?? manifest.metrics?.model,
    );
    expect(Math.abs((ours?.mrrAt20 ?? 0) - (theirs?.mrrAt20 ?? 1))).toBeLessThan(0.01);

    expect(await findModels(cuda.out)).toHaveLength(1);
    const server = await serve({ artifacts: cuda.out, isQuiet: true });
    onTestFinished(() => server.stop());
    const answer = await fetch(`${server.url}/v1/models/navigation:predict`, {
      method: 'POST',
      body: JSON.stringify({ instances: [{ history: ['/a', '/hub'] }], top: 1 }),
    });
    expect(await answer.json()).toMatchObject({ predictions: [{ next: [{ page: '/x' }] }] });
  });

  it('labels hihell, and the tutorial trains', { timeout: 120_000 }, async () => {
    const site = await siteFolder();
    const { stdout } = await train(
      ['hihello', '--iterations', '200', '--backend', 'cuda', '--out', 'out'],
      site,
    );
    expect(stdout).toMatch(/iteration +200 .* predicted ihello\n/);
    const tutorial = await train(
      ['hihello', '--recipe', 'tutorial', '--iterations', '200', '--backend', 'cuda', '--out', 'out'],
      site,
    );
    expect(tutorial.stdout).toMatch(/iteration +200 .* predicted ihello\n/);
  });
});

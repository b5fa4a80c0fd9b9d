import { predictResponseSchema } from '@pathcast/models/api';
import { CELLS } from '@pathcast/models/spec';
import { serve } from '@pathcast/worker/scripts/serve';
import { describe, expect, it } from 'vitest';
import { runScript } from '../support/cli.ts';
import { temporaryFolder } from '../support/folder.ts';

describe('the whole path of hihello', () => {
  it.each(CELLS)(
    'turns hihell into ihello over HTTP with a %s cell that was just trained',
    async (cell) => {
      const artifacts = await temporaryFolder();
      const { code } = await runScript('train/src/main.ts', ['hihello', '--cell', cell, '--out', artifacts]);
      expect(code).toBe(0);
      const server = await serve({ artifacts });
      try {
        // The first request of all finds the model: the bucket is filled before the port opens.
        const response = await fetch(`${server.url}/v1/models/hihello:predict`, {
          method: 'POST',
          body: JSON.stringify({ instances: [{ text: 'hihell' }] }),
        });
        const { model, predictions } = predictResponseSchema.parse(await response.json());
        expect([model, predictions]).toMatchObject(['hihello', [{ text: 'ihello' }]]);
      } finally {
        await server.stop();
      }
    },
    120_000,
  );
});

import { resolve } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

/** Tests that run inside workerd, with its own R2; the models they serve are made in Node, where tfjs is the oracle. */
export default defineConfig({
  plugins: [
    cloudflareTest({
      main: resolve(import.meta.dirname, '../../worker/src/index.ts'),
      miniflare: { compatibilityDate: '2026-04-01', r2Buckets: ['MODELS'] },
    }),
  ],
  test: {
    name: 'worker',
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    globalSetup: ['./setup/fixtures.ts'],
    testTimeout: 60_000,
  },
});

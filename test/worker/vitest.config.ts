import { resolve } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

const ROOT = resolve(import.meta.dirname, '../..');

/** Tests that run inside workerd, with its own R2; the models they serve are made in Node, where tfjs is the oracle. */
export default defineConfig({
  plugins: [
    cloudflareTest({
      main: resolve(ROOT, 'worker/src/index.ts'),
      miniflare: {
        compatibilityDate: '2026-04-01',
        r2Buckets: ['MODELS'],
        ratelimits: { RATE_LIMITER: { simple: { limit: 5, period: 60 } } },
        analyticsEngineDatasets: { ANALYTICS: { dataset: 'pathcast' } },
        modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm'] }],
      },
    }),
  ],
  test: {
    name: 'worker',
    root: ROOT, // the kernel's module is looked for below it
    include: ['test/worker/**/*.test.ts'],
    globalSetup: ['test/worker/setup/fixtures.ts'],
    testTimeout: 60_000,
  },
});

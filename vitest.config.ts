import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      './test/vitest.node.config.ts',
      './test/worker/vitest.config.ts',
      './test/browser/vitest.config.ts',
    ],
  },
});

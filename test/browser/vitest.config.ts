import { defineConfig } from 'vitest/config';

/** Tests that drive a real headless Chromium from Node. */
export default defineConfig({
  test: {
    name: 'browser',
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    globalSetup: ['./setup.ts'],
    // WebGL runs in software here, and compiles its shaders for each model.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two browsers at once on two cores would each be too slow.
    fileParallelism: false,
  },
});

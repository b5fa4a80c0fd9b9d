import { defineConfig } from 'vitest/config';

/** Tests that run in Node: models, train, client logic and the layout. */
export default defineConfig({
  test: {
    name: 'node',
    root: import.meta.dirname,
    include: ['*.test.ts', 'models/**/*.test.ts', 'train/**/*.test.ts', 'client/**/*.test.ts'],
    setupFiles: ['support/quiet-tfjs.ts'],
    testTimeout: 60_000,
  },
});

import { defineConfig } from 'vitest/config';

/** Tests that run in Node: models, train, client logic and the layout. */
export default defineConfig({
  test: {
    name: 'node',
    root: import.meta.dirname,
    include: [
      '*.test.ts',
      'models/**/*.test.ts',
      'train/**/*.test.ts',
      'client/**/*.test.ts',
      'e2e/**/*.test.ts',
    ],
    // The plain CPU backend is the oracle here on purpose; its advice to install another is noise.
    onConsoleLog: (log) => !log.includes('running TensorFlow.js in Node.js') && !/^=+\s*$/.test(log),
    testTimeout: 60_000,
  },
});

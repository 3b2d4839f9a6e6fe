import { defineConfig } from 'vitest/config';

/** As in the project's vitest.config.ts: the packages import each other's sources. */
const conditions = ['freshet-source', 'node', 'development|production'];

/** The configuration of the deploy suite. test/deploy/run.ts starts vitest with it. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/deploy/*.deploy.ts'],
    fileParallelism: false,
    // The emulator, or AWS, is slow.
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});

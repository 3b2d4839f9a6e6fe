import { defineConfig } from 'vitest/config';

/** Of the deploy suite alone: test/deploy/run.ts runs it, with the names of the stacks and where they are in its environment. */
export default defineConfig({
  test: {
    include: ['test/deploy/*.deploy.ts'],
    fileParallelism: false,
    // What is slow here is the emulator, or AWS.
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});

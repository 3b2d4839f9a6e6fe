import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.{test,prop,int}.ts'],
    globalSetup: ['test/support/synthesise.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

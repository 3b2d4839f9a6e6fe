import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.{test,prop,int}.ts'],
    // Runs where the package is installed: see test/package.
    exclude: ['test/consumer-app/**'],
    globalSetup: ['test/support/synthesise.ts'],
    // The SDK prints at every start that it will drop Node 20.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // Of two cores vitest would leave one idle; most of these tests wait for something.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

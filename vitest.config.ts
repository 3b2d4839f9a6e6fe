import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take longest, so that none of them begins when the others are done. */
const LONGEST = [
  ...['cli/commands', 'cli/parked', 'cli/repair', 'cli/observe', 'failure/gaps', 'failure/crash', 'kills/kills'],
  ...['bench/ordering', 'failure/elapsed', 'local/iam/grants', 'govern/govern', 'backpressure', 'examples/shop/shop'],
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = LONGEST.findIndex((name) => moduleId.includes(`/test/${name}.`));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

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
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

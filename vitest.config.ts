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

/** A part of the tests; the root's set-up runs once for all of them. */
const project = (name: string, include: string[], isolate: boolean) => ({
  test: {
    ...{ name, include, isolate },
    // Runs where the package is installed: see test/package.
    exclude: ['test/consumer-app/**'],
    // The SDK prints at every start that it will drop Node 20.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    // Units share a worker's modules, which halves their time; what starts processes, clouds or engines has its worker to itself.
    projects: [
      project('units', ['test/**/*.{test,prop}.ts'], false),
      project('local cloud', ['test/**/*.int.ts'], true),
    ],
    globalSetup: ['test/support/synthesise.ts'],
    // Of two cores vitest would leave one idle; most of these tests wait for something.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});

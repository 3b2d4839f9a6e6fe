import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SYNTHESIS } from './test/support/synthesise.ts';

/** Those that take longest, so that none of them begins when the others are done. */
const LONGEST = [
  ...[
    'kills/kills',
    'cli/commands',
    'cli/observe',
    'examples/shop/shop',
    'cli/repair',
    'failure/crash',
    'failure/gaps',
  ],
  ...[
    'failure/elapsed',
    'govern/govern',
    'bench/ordering',
    'cli/parked',
    'local/iam/missing-grants',
    'local/iam/grants',
  ],
  ...['backpressure', 'failure/hostile', 'simulation/simulation', 'failure/policies'],
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

/** From a clone the packages find each other's sources, as `node --conditions` does. */
const conditions = ['freshet-source', 'module', 'node', 'development|production'];

const PROTOCOLS = ['test/{adapters,conformance,cli/clients}/**/*.int.ts'];

/** A part of the tests; the root's set-up runs once for all of them. */
const project = (name: string, include: string[], isolate: boolean, exclude: string[] = []) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...{ name, include, isolate },
    // Runs where the package is installed: see test/package.
    exclude: ['test/consumer-app/**', ...exclude],
    env: {
      // The SDK prints at every start that it will drop Node 20.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...SYNTHESIS,
    },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    // Units share a worker's modules, which halves their time, and so do tests of one adapter or protocol; what starts processes or whole clouds has
    // its worker to itself.
    projects: [
      project('units', ['test/**/*.{test,prop}.ts'], false),
      project('adapters and protocols', PROTOCOLS, false),
      project('local cloud', ['test/**/*.int.ts'], true, PROTOCOLS),
    ],
    globalSetup: ['test/support/synthesise.ts'],
    // Of two cores vitest would leave one idle; most of these tests wait for something.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});

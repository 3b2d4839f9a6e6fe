import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SYNTHESIS } from './test/support/synthesise.ts';

/** The slowest test files. They start first, so that no slow file runs alone at the end. */
const LONGEST = [
  'kills/kills',
  'govern/govern',
  'examples/shop/outage',
  'examples/shop/shop',
  'cli/commands',
  'cli/repair',
  'cli/large-states',
  'failure/elapsed',
  'cli/observe',
  'cli/parked',
  'failure/crash',
  'failure/gaps',
  'bench/ordering',
  'local/iam/missing-grants',
  'local/iam/grants',
  'adapters/read/cache-table',
  'simulation/simulation',
  'backpressure',
  'failure/hostile',
  'failure/policies',
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

/** Export conditions under which the packages import each other's sources, as with `node --conditions`. */
const conditions = ['freshet-source', 'node', 'development|production'];

/** Tests that break the pipeline or overload it, many times over. */
const FAULTS = [
  'test/{failure,kills}/**/*.int.ts',
  'test/{govern,simulation}/**/*.prop.ts',
  'test/local/iam/*grants.int.ts',
  'test/bench/ordering.int.ts',
  'test/backpressure.int.ts',
  'test/examples/shop/outage.int.ts',
];

/**
 * Provokes each alarm of the runbook and mends it. Three other files are here because they too wait most of the time,
 * for alarms, surveys and schedules.
 */
const REHEARSALS = [
  'test/failure/rehearse-*.int.ts',
  'test/adopt/backpressure.int.ts',
  'test/kills/adopter.int.ts',
  'test/postgres/deployed{,-contract}.int.ts',
];

/** Compile the documentation and read all imports. `npm run check` runs them beside its own checks. */
const CHECKS = ['test/docs/code.test.ts', 'test/package/commonjs-types.test.ts', 'test/imports.test.ts'];

/** Runs the commands, and keeps and changes whole deployments. These tests take as long as all the others. */
const COMMANDS = [
  'test/cli/**/*.int.ts',
  'test/adopt/adopt.int.ts',
  'test/sagas/sagas.int.ts',
  'test/local/{apply,synthesise}.int.ts',
  'test/local/wire/lambda-configuration.int.ts',
  'test/examples/shop/shop.int.ts',
  'test/local/keep.int.ts',
  'test/local/synthesis/reuse.int.ts',
  'test/own-database/own-database.int.ts',
];

/** Opens the console in a browser, which must be installed. */
const BROWSER = ['test/browser/**/*.int.ts'];

/** Takes the pictures of docs/console.md. */
const PICTURES = ['test/browser/pictures.ts'];

const PROTOCOLS = ['test/{adapters,conformance,cli/clients}/**/*.int.ts'];

/** A vitest project. The global setup below runs once for all projects. */
const project = (name: string, include: string[], isolate: boolean, exclude: string[] = []) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name,
    include,
    isolate,
    // This app runs where the packages are installed; see test/package.
    exclude: ['test/consumer-app/**', ...exclude],
    env: {
      // Without this, the SDK warns at every start that it will drop Node 20.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...SYNTHESIS,
    },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    // Test files share the modules of a worker, which takes a seventh off their processor time. A test that ends
    // processes has its own worker.
    projects: [
      project('units', ['test/**/*.{test,prop}.ts'], false, [...FAULTS, ...CHECKS]),
      project('checks', CHECKS, false),
      project('adapters and protocols', PROTOCOLS, false),
      project('local cloud', ['test/**/*.int.ts'], false, [
        ...PROTOCOLS,
        ...COMMANDS,
        ...BROWSER,
        ...FAULTS,
        ...REHEARSALS,
      ]),
      project('commands', COMMANDS, false, PROTOCOLS),
      project('browser', BROWSER, false),
      project('pictures', PICTURES, false),
      project('faults', FAULTS, true, REHEARSALS),
      project('rehearsals', REHEARSALS, true),
    ],
    globalSetup: ['test/support/synthesise.ts'],
    // By default vitest would leave one of two cores idle, although most of these tests wait for something.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});

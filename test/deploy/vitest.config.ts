import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** As in the project's vitest.config.ts: the packages import each other's sources. */
const conditions = ['freshet-source', 'node', 'development|production'];

/** Runs the files by their names: pipeline.deploy.ts counts the entities of the deployed shop, so it comes first. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((one, other) => (one.moduleId < other.moduleId ? -1 : 1));
  }
}

/** The configuration of the deploy suite. test/deploy/run.ts starts vitest with it. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/deploy/*.deploy.ts'],
    fileParallelism: false,
    sequence: { sequencer: ByName },
    // The emulator, or AWS, is slow.
    testTimeout: 180_000 * Number(process.env.DEPLOYED_SLOWNESS ?? 1),
    hookTimeout: 120_000,
  },
});

import type { CommandIo } from '../io.ts';
import { withAdvice } from './advice.ts';
import type { Deployment } from './deployment.ts';
import { openLocalCloud } from './local-cloud.ts';
import { type FoundLocalCloud, requireLocalCloud } from './local-file.ts';

/**
 * Runs work on the local cloud of the folder, also if the environment or cdk.json names stacks on AWS. For commands
 * that must never reach AWS.
 *
 * @returns the exit code
 * @throws UsageError if no local cloud runs
 */
export async function inLocalCloud(
  io: CommandIo,
  work: (deployment: Deployment, found: FoundLocalCloud) => Promise<number>,
): Promise<number> {
  const found = await requireLocalCloud(io.cwd);
  const deployment = openLocalCloud(found, { importModule: io.importModule });
  try {
    return await withAdvice(deployment, () => work(deployment, found));
  } finally {
    deployment.close();
  }
}

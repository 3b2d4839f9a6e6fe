import { UsageError } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import type { Deployment } from './deployment.ts';
import { openLocalCloud } from './local-cloud.ts';
import { requireLocalCloud } from './local-file.ts';
import { openStacks } from './stacks.ts';
import type { OnWait } from './waits.ts';

/** Which deployment a command works on. */
export interface DeploymentOptions {
  /** Names or ARNs of stacks on AWS. Default: the local cloud. */
  readonly stack?: readonly string[];
  readonly region?: string;
}

/**
 * Finds the deployment that the options name.
 *
 * @param onWait called with a line that says what a write waits for; default: prints it on standard error if that is a
 *   terminal
 * @throws UsageError that says how to name or start the deployment
 */
export async function findDeployment(
  io: CommandIo,
  { stack, region }: DeploymentOptions = {},
  onWait: OnWait | undefined = waitsOnTerminal(io),
): Promise<Deployment> {
  if (stack !== undefined) return openStacks(io, stack, region, onWait);
  if (region !== undefined)
    throw new UsageError('--region: needs --stack, because the local cloud has only one region.');
  return openLocalCloud(await requireLocalCloud(io.cwd), { importModule: io.importModule, onWait });
}

function waitsOnTerminal({ stderr }: CommandIo): OnWait | undefined {
  return stderr.isTTY ? (line) => void stderr.write(`${line}\n`) : undefined;
}

import { UsageError } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import type { DeploymentOptions } from '../options/deployment-options.ts';
import type { Deployment } from './deployment.ts';
import { keptStacks } from './kept-stacks.ts';
import { openLocalCloud } from './local-cloud.ts';
import { findLocalCloud, noLocalCloud } from './local-file.ts';
import { openStacks } from './stacks.ts';
import type { OnWait } from './waits.ts';

/**
 * Finds the deployment that the options name. Without `stack`, it is the stacks of the environment variable
 * FRESHET_STACK, else the local cloud of the folder, else the stacks that cdk.json names. If no option named the
 * stacks, a line on standard error says which they are.
 *
 * @param onWait called with a line that says what a write waits for; default: prints it on standard error if that is a
 *   terminal
 * @throws UsageError that says how to name or start the deployment
 */
export async function findDeployment(
  io: CommandIo,
  { stack, region, profile }: DeploymentOptions = {},
  onWait: OnWait | undefined = waitsOnTerminal(io),
): Promise<Deployment> {
  const place = { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }) };
  if (stack !== undefined) return openStacks(io, stack, place, onWait);
  const { fromEnvironment, fromApp } = keptStacks(io);
  const local = fromEnvironment === undefined ? await findLocalCloud(io.cwd) : undefined;
  const kept = fromEnvironment ?? (local === undefined ? fromApp() : undefined);
  if (kept !== undefined) {
    const deployment = await openStacks(io, kept.stacks, place, onWait);
    io.stderr.write(`on ${deployment.place}: ${deployment.stacks.join(', ')} (from ${kept.from})\n`);
    return deployment;
  }
  for (const option of Object.keys(place))
    throw new UsageError(`--${option}: needs --stack, because the local cloud has neither regions nor profiles.`);
  if (local === undefined) throw noLocalCloud(io.cwd);
  return openLocalCloud(local, { importModule: io.importModule, onWait });
}

function waitsOnTerminal({ stderr }: CommandIo): OnWait | undefined {
  return stderr.isTTY ? (line) => void stderr.write(`${line}\n`) : undefined;
}

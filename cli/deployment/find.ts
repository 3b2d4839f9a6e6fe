import { UsageError } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import type { DeploymentOptions } from '../options/deployment-options.ts';
import type { Deployment } from './deployment.ts';
import { keptStacks } from './kept-stacks.ts';
import { openLocalCloud } from './local-cloud.ts';
import { findLocalCloud, noLocalCloud } from './local-file.ts';
import { openStacks } from './stacks.ts';
import type { OnWait } from './waits.ts';

/** Whether a command changes the deployment or only reads it. */
export type Access = 'read' | 'write';

/** The settings of `findDeployment`. */
export interface FindOptions {
  /** @default 'read' */
  readonly access?: Access;
  /**
   * Called with a line that says what a write waits for. @default - the line is printed on standard error if that is a
   * terminal
   */
  readonly onWait?: OnWait | undefined;
}

/**
 * Finds the deployment that the options name. Without `stack`, it is the stacks of the environment variable
 * FRESHET_STACK, else the local cloud of the folder, else the stacks that cdk.json names. If no option named the
 * stacks, a line on standard error says which they are. The stacks of cdk.json are for commands that only read: a
 * command that was meant for a local cloud must not write to AWS because the local cloud has ended.
 *
 * @throws UsageError that says how to name or start the deployment
 */
export async function findDeployment(
  io: CommandIo,
  { stack, region, profile }: DeploymentOptions = {},
  { access = 'read', onWait = waitsOnTerminal(io) }: FindOptions = {},
): Promise<Deployment> {
  const place = { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }) };
  if (stack !== undefined) return openStacks(io, stack, place, onWait);
  const { fromEnvironment, fromApp } = keptStacks(io);
  const local = fromEnvironment === undefined ? await findLocalCloud(io.cwd) : undefined;
  const ofApp = fromEnvironment === undefined && local === undefined ? fromApp() : undefined;
  if (ofApp !== undefined && access === 'write') {
    throw new UsageError(
      `no local cloud is running for ${io.cwd}, and the stacks in cdk.json are only for commands that read. To change ` +
        `them, name them: --stack ${ofApp.stacks.join(',')}`,
    );
  }
  const kept = fromEnvironment ?? ofApp;
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

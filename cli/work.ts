import { FunctionFailed } from './clients/invoke.ts';
import { adviceOn } from './deployment/advice.ts';
import type { Deployment } from './deployment/deployment.ts';
import { type Access, findDeployment } from './deployment/find.ts';
import { RequestFailed } from './errors.ts';
import { interruptible } from './interrupt.ts';
import type { CommandIo } from './io.ts';
import type { DeploymentOptions } from './options/deployment-options.ts';
import { typed } from './output/typed.ts';

/** What a running command works with. */
export interface Work {
  readonly io: CommandIo;
  readonly deployment: Deployment;
  /** Ctrl-C aborts this signal. The command then finishes its current step and reports its progress. */
  readonly signal: AbortSignal;
}

/**
 * Finds the deployment that the options name, and runs work on it. Ctrl-C ends the process at once.
 *
 * @param access whether the work changes the deployment, see `findDeployment`
 * @returns the exit code
 */
export async function withDeployment(
  io: CommandIo,
  options: DeploymentOptions,
  work: (deployment: Deployment) => Promise<number>,
  access: Access = 'read',
): Promise<number> {
  const deployment = await findDeployment(io, options, { access });
  try {
    return await work(deployment).catch((error: unknown) => {
      throw explained(deployment, options, error);
    });
  } finally {
    deployment.close();
  }
}

/** The error with what to do about it, if a request or a function of the deployment failed. */
export function explained(
  deployment: Pick<Deployment, 'place' | 'isLocal'>,
  on: DeploymentOptions,
  error: unknown,
): unknown {
  if (isOfService(error)) return new RequestFailed(adviceOn(deployment, error), { cause: error });
  if (!(error instanceof FunctionFailed)) return error;
  const logs = typed(`logs ${error.operated === 'surveyor' ? 'surveyor' : 'repair'} --errors`, on);
  return new RequestFailed(`${error.message} To see why: ${logs}`, { cause: error });
}

/** Whether an error is of a request to AWS or to the local cloud. */
function isOfService(error: unknown): error is Error {
  return error instanceof Error && '$metadata' in error;
}

/** Finds the deployment that the options name, and runs work on it that Ctrl-C can stop. @returns the exit code */
export function inDeployment(
  io: CommandIo,
  options: DeploymentOptions,
  work: (work: Work) => Promise<number>,
  access: Access = 'read',
): Promise<number> {
  const run = (deployment: Deployment) => interruptible(io, (signal) => work({ io, deployment, signal }));
  return withDeployment(io, options, run, access);
}

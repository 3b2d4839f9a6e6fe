import type { Deployment } from './deployment/deployment.ts';
import { type DeploymentOptions, findDeployment } from './deployment/find.ts';
import { interruptible } from './interrupt.ts';
import type { CommandIo } from './io.ts';

/** A command at work. */
export interface Work {
  readonly io: CommandIo;
  readonly deployment: Deployment;
  /** Aborted by Ctrl-C. The command then finishes what it has begun and reports how far it came. */
  readonly signal: AbortSignal;
}

/**
 * Finds the deployment that the options name, and works on it. Ctrl-C ends the process at once.
 *
 * @returns the exit code
 */
export async function withDeployment(
  io: CommandIo,
  options: DeploymentOptions,
  work: (deployment: Deployment) => Promise<number>,
): Promise<number> {
  const deployment = await findDeployment(io, options);
  try {
    return await work(deployment);
  } finally {
    deployment.close();
  }
}

/** Finds the deployment that the options name, and does work on it that Ctrl-C can interrupt. @returns the exit code */
export function inDeployment(
  io: CommandIo,
  options: DeploymentOptions,
  work: (work: Work) => Promise<number>,
): Promise<number> {
  return withDeployment(io, options, (deployment) => interruptible(io, (signal) => work({ io, deployment, signal })));
}
